// Mentions, threads, messages saved for later, and drafts.
import { ActionIcon, Anchor, Badge, Group, SegmentedControl, Text, Tooltip } from '@mantine/core';
import { IconAt, IconBookmark, IconBookmarkOff, IconCheck, IconMessages, IconPencil, IconTrash } from '@tabler/icons-react';
import { useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { Link } from 'react-router';

import { rest } from '../../api/client';
import { tellFailure } from '../../app/parts';
import { t, type TextKey } from '../../i18n/text';
import classes from '../chat.module.css';
import { useWorkplace } from '../context';
import { isLater } from '../types';
import { deskKey, notedKey, useNoted, useSave } from './desk';
import { MessageCard, usePlaceName } from './MessageCard';
import { ScheduledList } from './SendLater';
import { Answered, Nothing, View } from './View';

const REASONS: Record<string, TextKey> = { mention: 'reasonMention', broadcast: 'reasonBroadcast', keyword: 'reasonKeyword', thread: 'reasonThread' };

export function Mentions() {
  const mentions = useNoted('mentions');
  return (
    <View title={t('mentions')} icon={<IconAt size={20} aria-hidden />}>
      <Answered of={mentions}>
        {({ items }) => (
          <>
            {items.map(({ channel, message, note }) => (
              <MessageCard
                key={channel + message.ts}
                channel={channel}
                message={message}
                note={
                  <Badge variant="light" size="sm" tt="none">
                    {t(REASONS[String(note.reason)] ?? 'reasonMention')}
                  </Badge>
                }
              />
            ))}
            {items.length === 0 && <Nothing>{t('noMentions')}</Nothing>}
          </>
        )}
      </Answered>
    </View>
  );
}

export function Threads() {
  const threads = useNoted('threads');
  return (
    <View title={t('threads')} icon={<IconMessages size={20} aria-hidden />}>
      <Answered of={threads}>
        {({ items }) => (
          <>
            {items.map(({ channel, message, note }) => (
              <MessageCard
                key={channel + message.ts}
                channel={channel}
                message={message}
                note={
                  <Group gap={6} wrap="nowrap">
                    {message.latest_reply && isLater(message.latest_reply, String(note.last_read)) && (
                      <Badge size="sm" variant="light" tt="none">
                        {t('newOnes')}
                      </Badge>
                    )}
                    <Anchor component={Link} to={`/chat/${channel}?thread=${message.ts}`} size="sm">
                      {t('replyCount', { count: message.reply_count ?? 0 })}
                    </Anchor>
                  </Group>
                }
              />
            ))}
            {items.length === 0 && <Nothing>{t('noThreads')}</Nothing>}
          </>
        )}
      </Answered>
    </View>
  );
}

export function Later() {
  const saved = useNoted('saved');
  const queries = useQueryClient();
  const save = useSave();
  const [shown, setShown] = useState('open');
  const change = (channel: string, ts: string, isSaved: boolean, done: boolean) => {
    save(channel, ts, isSaved, done);
    queries.setQueryData<typeof saved.data>(notedKey('saved'), (old) => old && { items: old.items.flatMap((item) => (item.channel !== channel || item.message.ts !== ts ? [item] : isSaved ? [{ ...item, note: { ...item.note, done } }] : [])) });
  };
  return (
    <View
      title={t('later')}
      icon={<IconBookmark size={20} aria-hidden />}
      actions={
        <SegmentedControl
          size="xs"
          value={shown}
          onChange={setShown}
          data={[
            { value: 'open', label: t('stillOpen') },
            { value: 'done', label: t('done') },
          ]}
        />
      }
    >
      <Answered of={saved}>
        {({ items }) => {
          const found = items.filter(({ note }) => Boolean(note.done) === (shown === 'done'));
          return (
            <>
              {found.map(({ channel, message, note }) => (
                <MessageCard
                  key={channel + message.ts}
                  channel={channel}
                  message={message}
                  actions={
                    <>
                      <Tooltip label={note.done ? t('notDone') : t('markDone')}>
                        <ActionIcon variant="subtle" onClick={() => change(channel, message.ts, true, !note.done)} aria-label={note.done ? t('notDone') : t('markDone')}>
                          <IconCheck size={17} />
                        </ActionIcon>
                      </Tooltip>
                      <Tooltip label={t('removeFromLater')}>
                        <ActionIcon variant="subtle" color="gray" onClick={() => change(channel, message.ts, false, false)} aria-label={t('removeFromLater')}>
                          <IconBookmarkOff size={17} />
                        </ActionIcon>
                      </Tooltip>
                    </>
                  }
                />
              ))}
              {found.length === 0 && <Nothing>{t('nothingForLater')}</Nothing>}
            </>
          );
        }}
      </Answered>
    </View>
  );
}

export function Drafts() {
  const { desk } = useWorkplace();
  const queries = useQueryClient();
  const placeName = usePlaceName();
  const drop = async (channel: string, thread_ts: string) => {
    await rest.put('/chat/drafts', { channel, thread_ts, text: '' });
    await queries.invalidateQueries({ queryKey: deskKey });
  };
  return (
    <View title={t('drafts')} icon={<IconPencil size={20} aria-hidden />}>
      {desk.drafts.map((draft) => (
        <article key={draft.channel + draft.thread_ts} className={classes.card}>
          <Group justify="space-between" wrap="nowrap">
            <Anchor component={Link} to={`/chat/${draft.channel}${draft.thread_ts ? `?thread=${draft.thread_ts}` : ''}`} fw={600} size="sm" truncate>
              {placeName(draft.channel)}
              {draft.thread_ts ? ` · ${t('thread')}` : ''}
            </Anchor>
            <ActionIcon variant="subtle" color="gray" onClick={() => void drop(draft.channel, draft.thread_ts).catch(tellFailure)} aria-label={t('dropDraft')}>
              <IconTrash size={16} />
            </ActionIcon>
          </Group>
          <Text size="sm" lineClamp={3}>
            {draft.text}
          </Text>
        </article>
      ))}
      {desk.drafts.length === 0 && <Nothing>{t('noDrafts')}</Nothing>}
      <ScheduledList />
    </View>
  );
}
