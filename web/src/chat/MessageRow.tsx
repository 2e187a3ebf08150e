// One message: who, when, what, and what can be done with it.
import { ActionIcon, Badge, Group, Menu, Text, Tooltip, UnstyledButton } from '@mantine/core';
import { IconDots, IconLink, IconMessageCircle, IconMoodPlus, IconPencil, IconTrash } from '@tabler/icons-react';
import { useQueryClient } from '@tanstack/react-query';
import { memo, useState } from 'react';

import { slack } from '../api/client';
import { tell, tellFailure } from '../app/parts';
import { t } from '../i18n/text';
import { Attachments, Blocks } from './Blocks';
import { react } from './cache';
import classes from './chat.module.css';
import { nameOf, useWorkplace } from './context';
import { EditBox } from './EditBox';
import { emojiOf, QUICK } from './emoji';
import { EmojiPicker } from './EmojiPicker';
import { Face } from './Face';
import { Files } from './Files';
import { Reactions } from './Reactions';
import { MessageText } from './Text';
import { clockTime, fullTime, relativeDay } from './time';
import { isNotice, type Message } from './types';

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
          <Content message={message} />
        )}
        {message.reactions && message.reactions.length > 0 && <Reactions channel={channel} message={message} />}
        {!isInThread && (message.reply_count ?? 0) > 0 && <ThreadLink channel={channel} message={message} />}
      </div>
      {!isEditing && !isGone && !message.is_ephemeral && <Actions {...props} isInThread={isInThread} hold={setHeld} />}
    </article>
  );
});

function Notice({ message }: { message: Message }) {
  return (
    <div className={classes.notice} data-ts={message.ts}>
      <MessageText text={message.text} />
      <time>{clockTime(message.ts)}</time>
    </div>
  );
}

function Content({ message }: { message: Message }) {
  const edited = message.edited && (
    <Tooltip label={fullTime(message.edited.ts)}>
      <Text span size="xs" c="dimmed">
        {t('editedMark')}
      </Text>
    </Tooltip>
  );
  return (
    <>
      {message.blocks && message.blocks.length > 0 ? <Blocks blocks={message.blocks} /> : message.text && <MessageText text={message.text} />}
      {edited}
      {message.attachments && <Attachments attachments={message.attachments} />}
      {message.files && message.files.length > 0 && <Files files={message.files} />}
    </>
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

function Actions({ channel, message, isInThread, edit, remove, hold }: Props & { hold: (isHeld: boolean) => void }) {
  const { me, openThread } = useWorkplace();
  const toggle = useReact(channel, message);
  const isMine = message.user === me.id;
  const copyLink = async () => {
    const { permalink } = await slack<{ permalink: string }>('chat.getPermalink', { channel, message_ts: message.ts });
    // Browsers let a page copy only over https or on localhost.
    if (!window.isSecureContext) throw new Error(t('cannotCopy', { link: permalink }));
    await navigator.clipboard.writeText(permalink);
    tell(t('linkCopied'));
  };
  return (
    <div className={classes.actions} role="toolbar" aria-label={t('messageActions')}>
      {QUICK.map((name) => (
        <ActionIcon key={name} variant="subtle" color="gray" onClick={() => toggle(name)} aria-label={t('reactWith', { name })} className={classes.quick}>
          {emojiOf(name)}
        </ActionIcon>
      ))}
      <EmojiPicker
        onPick={toggle}
        onChange={hold}
        target={(open) => (
          <ActionIcon variant="subtle" color="gray" onClick={open} aria-label={t('addAReaction')}>
            <IconMoodPlus size={17} />
          </ActionIcon>
        )}
      />
      {!isInThread && (
        <Tooltip label={t('replyInThread')}>
          <ActionIcon variant="subtle" color="gray" onClick={() => openThread(channel, message.thread_ts ?? message.ts)} aria-label={t('replyInThread')}>
            <IconMessageCircle size={17} />
          </ActionIcon>
        </Tooltip>
      )}
      <Menu position="bottom-end" onChange={hold} withinPortal>
        <Menu.Target>
          <ActionIcon variant="subtle" color="gray" aria-label={t('moreActions')}>
            <IconDots size={17} />
          </ActionIcon>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Item leftSection={<IconLink size={16} />} onClick={() => void copyLink().catch(tellFailure)}>
            {t('copyLink')}
          </Menu.Item>
          {isMine && (
            <Menu.Item leftSection={<IconPencil size={16} />} onClick={() => edit(message.ts)}>
              {t('edit')}
            </Menu.Item>
          )}
          {(isMine || me.is_admin) && (
            <Menu.Item color="red" leftSection={<IconTrash size={16} />} onClick={() => remove(message)}>
              {t('delete')}
            </Menu.Item>
          )}
        </Menu.Dropdown>
      </Menu>
    </div>
  );
}

// Adds or takes back one's own reaction; shown at once, mended when the server refuses.
export function useReact(channel: string, message: Message): (name: string) => void {
  const { me } = useWorkplace();
  const queries = useQueryClient();
  return (name) => {
    const isAdded = !(message.reactions ?? []).some((item) => item.name === name && item.users.includes(me.id));
    react(queries, channel, message.ts, name, me.id, isAdded);
    slack(isAdded ? 'reactions.add' : 'reactions.remove', { channel, timestamp: message.ts, name }).catch((error: unknown) => {
      react(queries, channel, message.ts, name, me.id, !isAdded);
      tellFailure(error);
    });
  };
}

