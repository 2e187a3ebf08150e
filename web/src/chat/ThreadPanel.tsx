// A thread beside its channel; on a phone it covers the page.
import { ActionIcon, Button, Text, Title, Tooltip } from '@mantine/core';
import { IconX } from '@tabler/icons-react';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useCallback, useEffect, useRef, useState } from 'react';

import { rest, slack } from '../api/client';
import { Failed, tellFailure, Waiting } from '../app/parts';
import { t } from '../i18n/text';
import { readSettled, threadKey } from './cache';
import classes from './chat.module.css';
import { Composer, type ComposerHandle } from './Composer';
import { channelName, useWorkplace } from './context';
import { MessageList } from './MessageList';
import type { Channel, Thread } from './types';

const MAX_REPLIES = 900;

export function ThreadPanel({ channel, ts, at, isMember, close }: { channel: Channel; ts: string; at: string | null; isMember: boolean; close: () => void }) {
  const { me, users, outbox } = useWorkplace();
  const composer = useRef<ComposerHandle>(null);
  const [editing, setEditing] = useState<string | null>(null);
  const thread = useQuery({
    queryKey: threadKey(channel.id, ts),
    queryFn: () => readSettled(channel.id, () => slack<Thread>('conversations.replies', { channel: channel.id, ts, limit: MAX_REPLIES })),
  });
  const messages = thread.data?.messages ?? [];
  useMarkThread(channel.id, ts, messages.at(-1)?.ts);
  const sent = new Set(messages.map((message) => message.client_msg_id));
  const outgoing = outbox.waiting.filter((item) => item.thread === ts && item.channel === channel.id && !sent.has(item.id));
  const edit = useCallback((next: string | null) => {
    setEditing(next);
    if (next === null) composer.current?.focus();
  }, []);
  const editLast = () => {
    const mine = messages.findLast((message) => message.user === me.id && message.subtype !== 'tombstone');
    if (mine) setEditing(mine.ts);
  };
  return (
    <aside
      className={classes.thread}
      aria-label={t('thread')}
      onKeyDown={(event) => {
        if (event.key === 'Escape' && !event.defaultPrevented) close();
      }}
    >
      <header className={classes.head}>
        <Title order={2} fz={17}>
          {t('thread')}
        </Title>
        <Text size="sm" c="dimmed" truncate style={{ flex: 1 }}>
          {channelName(channel, users, me.id)}
        </Text>
        <FollowButton channel={channel.id} ts={ts} />
        <Tooltip label={t('closeEsc')}>
          <ActionIcon variant="subtle" color="gray" onClick={close} aria-label={t('closeTheThread')}>
            <IconX size={18} />
          </ActionIcon>
        </Tooltip>
      </header>
      {thread.isPending && <Waiting label={t('loadingTheThread')} />}
      {thread.isError && <Failed error={thread.error} retry={() => void thread.refetch()} />}
      {thread.data && <MessageList key={ts} channel={channel.id} messages={messages} outgoing={outgoing} editing={editing} edit={edit} at={at} isInThread />}
      {isMember && (
        <div className={classes.composerFrame}>
          <Composer key={ts} ref={composer} channel={channel.id} thread={ts} placeholder={t('reply')} onEditLast={editLast} />
        </div>
      )}
    </aside>
  );
}

// Once its newest reply is shown, the thread is read.
function useMarkThread(channel: string, thread: string, newest: string | undefined): void {
  useEffect(() => {
    if (newest === undefined || newest === thread || document.visibilityState !== 'visible') return;
    rest.put('/chat/threads/read', { channel, thread_ts: thread, ts: newest }).catch(() => undefined);
  }, [channel, thread, newest]);
}

function FollowButton({ channel, ts }: { channel: string; ts: string }) {
  const queries = useQueryClient();
  const queryKey = ['chat', 'noted', 'follow', channel, ts];
  const follow = useQuery({ queryKey, queryFn: () => rest.get<{ following: boolean }>('/chat/follows', { channel, thread_ts: ts }) });
  const isFollowing = follow.data?.following ?? false;
  const change = async () => {
    queries.setQueryData(queryKey, { following: !isFollowing });
    await rest.put('/chat/follows', { channel, thread_ts: ts, following: !isFollowing });
  };
  return (
    <Button size="compact-xs" variant="default" onClick={() => void change().catch(tellFailure)}>
      {isFollowing ? t('stopFollowing') : t('follow')}
    </Button>
  );
}
