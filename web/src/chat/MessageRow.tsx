// One message: who, when, what, and what can be done with it.
import { Badge, Group, Text, Tooltip, UnstyledButton } from '@mantine/core';
import { IconTrash } from '@tabler/icons-react';
import { memo, useState } from 'react';

import { Say, t, type TextKey } from '../i18n/text';
import { Attachments, Blocks } from './Blocks';
import { MessageSurface } from './blocks/surface';
import classes from './chat.module.css';
import { nameOf, useWorkplace } from './context';
import { DocumentCards } from './DocumentCards';
import { EditBox } from './EditBox';
import { Face } from './Face';
import { Files } from './Files';
import { MessageActions } from './MessageActions';
import { Reactions } from './Reactions';
import { InlineText, MessageText } from './Text';
import { clockTime, fullTime, relativeDay } from './time';
import { isNotice, type Block, type Message } from './types';
import { Translation } from './writing/Translation';

interface Props {
  channel: string;
  message: Message;
  isFollowing?: boolean; // the same author went on: no picture and name again
  isEditing: boolean;
  isMarked?: boolean; // a link led here
  isInThread?: boolean;
  edit: (ts: string | null) => void;
  remove: (message: Message) => void;
}

export const MessageRow = memo(function MessageRow(props: Props) {
  const { channel, message, isFollowing = false, isEditing, isMarked = false, isInThread = false, edit } = props;
  const { users } = useWorkplace();
  const isGone = message.subtype === 'tombstone';
  const author = isGone ? undefined : users.get(message.user);
  const [isHeld, setHeld] = useState(false);
  if (isNotice(message)) return <Notice message={message} />;
  const name = message.username || nameOf(author);
  return (
    <article className={`${classes.row} ${isFollowing ? classes.following : ''} ${isMarked ? classes.marked : ''} ${isHeld ? classes.held : ''}`} aria-label={t('whoAndWhen', { name, time: fullTime(message.ts) })} data-ts={message.ts}>
      <div className={classes.gutter}>
        {isGone ? (
          <IconTrash className={classes.gone} size={20} stroke={1.5} aria-hidden />
        ) : isFollowing ? (
          <time className={classes.sideTime} dateTime={fullTime(message.ts)}>
            {clockTime(message.ts).replace(/\s?[AP]M$/i, '')}
          </time>
        ) : (
          <Face user={author} />
        )}
      </div>
      <div className={classes.body}>
        {!isFollowing && !isGone && (
          <Group gap={6} align="baseline">
            <Text fw={650}>{name}</Text>
            {author?.is_bot && (
              <Badge size="xs" variant="light" color="gray">
                {t('app')}
              </Badge>
            )}
            <Tooltip label={fullTime(message.ts)}>
              <Text size="xs" c="dimmed" component="time">
                {clockTime(message.ts)}
              </Text>
            </Tooltip>
            {message.is_ephemeral && (
              <Text size="xs" c="dimmed">
                {t('onlyYouSee')}
              </Text>
            )}
          </Group>
        )}
        {isGone ? (
          <Text c="dimmed" fs="italic">
            {t('thisMessageWasDeleted')}
          </Text>
        ) : isEditing ? (
          <EditBox channel={channel} message={message} close={() => edit(null)} />
        ) : (
          <>
            <Content message={message} channel={channel} />
            <Translation channel={channel} message={message} />
          </>
        )}
        {message.reactions && message.reactions.length > 0 && <Reactions channel={channel} message={message} />}
        {!isInThread && (message.reply_count ?? 0) > 0 && <ThreadLink channel={channel} message={message} />}
      </div>
      {!isEditing && !isGone && !message.is_ephemeral && <MessageActions channel={channel} message={message} isInThread={isInThread} edit={edit} remove={props.remove} hold={setHeld} />}
    </article>
  );
});

// What the workplace says of itself is said in the reader's language.
const NOTICES: Record<string, TextKey> = { channel_join: 'hasJoined', group_join: 'hasJoined', channel_leave: 'hasLeft', group_leave: 'hasLeft' };

function NoticeText({ message }: { message: Message }) {
  const key = NOTICES[message.subtype ?? ''];
  if (key === undefined) return <MessageText text={message.text} />;
  return (
    <div className={classes.text}>
      <Say text={key} values={{ name: <InlineText text={`<@${message.user}>`} /> }} />
    </div>
  );
}

function Notice({ message }: { message: Message }) {
  return (
    <div className={classes.notice} data-ts={message.ts}>
      <NoticeText message={message} />
      <time>{clockTime(message.ts)}</time>
    </div>
  );
}

export function Content({ message, channel = '' }: { message: Message; channel?: string }) {
  const edited = message.edited && (
    <Tooltip label={fullTime(message.edited.ts)}>
      <Text span size="xs" c="dimmed">
        {t('editedMark')}
      </Text>
    </Tooltip>
  );
  return (
    <>
      {message.blocks && message.blocks.length > 0 ? <LiveBlocks channel={channel} message={message} blocks={message.blocks} /> : message.text && <MessageText text={message.text} />}
      {edited}
      {message.attachments && <Attachments attachments={message.attachments} />}
      <DocumentCards text={message.text} />
      {message.files && message.files.length > 0 && <Files files={message.files} />}
    </>
  );
}

// Only an app hears what is pressed in its message; blocks of people are dead.
function LiveBlocks({ channel, message, blocks }: { channel: string; message: Message; blocks: Block[] }) {
  if (channel === '' || !message.bot_id) return <Blocks blocks={blocks} />;
  return (
    <MessageSurface channel={channel} ts={message.ts} blocks={blocks}>
      <Blocks blocks={blocks} />
    </MessageSurface>
  );
}

function ThreadLink({ channel, message }: { channel: string; message: Message }) {
  const { users, openThread } = useWorkplace();
  const count = message.reply_count ?? 0;
  return (
    <UnstyledButton className={classes.threadLink} onClick={() => openThread(channel, message.ts)}>
      <Group gap={6}>
        {(message.reply_users ?? []).slice(0, 4).map((id) => (
          <Face key={id} user={users.get(id)} size={20} />
        ))}
        <Text size="sm" fw={600} c="volano">
          {t('replyCount', { count })}
        </Text>
        {message.latest_reply && (
          <Text size="xs" c="dimmed">
            {t('lastReply', { day: relativeDay(message.latest_reply), time: clockTime(message.latest_reply) })}
          </Text>
        )}
      </Group>
    </UnstyledButton>
  );
}
