// A channel or direct conversation: its head, its messages, and where to write.
import { Center, Stack, Text, Title } from '@mantine/core';
import { useInfiniteQuery, useQueryClient } from '@tanstack/react-query';
import { useCallback, useEffect, useMemo, useRef, useState, type DragEvent } from 'react';

import { slack } from '../api/client';
import { Failed, Waiting } from '../app/parts';
import { fromServer } from '../i18n/server';
import { t } from '../i18n/text';
import { historyKey, markRead, readSettled } from './cache';
import { ChannelHead } from './ChannelHead';
import classes from './chat.module.css';
import { Composer, type ComposerHandle } from './Composer';
import { channelName, nameOf, useWorkplace } from './context';
import { KeptBar } from './desk/Kept';
import { TypingLine } from './desk/typing';
import { Face } from './Face';
import { JoinBar } from './JoinBar';
import { MessageList } from './MessageList';
import { tellRead } from './reading';
import { isLater, isNotice, type Channel, type HistoryPage, type Seat } from './types';

const PAGE = 60;

export function useHistory(channel: string) {
  return useInfiniteQuery({
    queryKey: historyKey(channel),
    queryFn: ({ pageParam }) => readSettled(channel, () => slack<HistoryPage>('conversations.history', { channel, limit: PAGE, ...(pageParam ? { cursor: pageParam } : {}) })),
    initialPageParam: '',
    getNextPageParam: (page) => (page.has_more ? page.response_metadata?.next_cursor || undefined : undefined),
  });
}

export function ChannelView({ seat, channel, at, openMenu }: { seat: Seat | undefined; channel: Channel; at: string | null; openMenu: () => void }) {
  const { me, users, outbox } = useWorkplace();
  const history = useHistory(channel.id);
  const composer = useRef<ComposerHandle>(null);
  const [editing, setEditing] = useState<string | null>(null);
  const [isOver, setOver] = useState(false);
  const unreadAfter = useRef(seat?.unread ? seat.channel.last_read : undefined);
  const messages = useMemo(() => (history.data?.pages ?? []).flatMap((page) => page.messages).toReversed(), [history.data]);
  const onSeen = useMarkRead(channel.id, seat?.channel.last_read ?? '0', messages.at(-1)?.ts);
  const sent = new Set(messages.map((message) => message.client_msg_id));
  const outgoing = outbox.waiting.filter((item) => item.channel === channel.id && item.thread === null && !sent.has(item.id));
  const loadOlder = useCallback(() => void history.fetchNextPage({ cancelRefetch: false }), [history.fetchNextPage]);
  const editLast = () => {
    const mine = messages.findLast((message) => message.user === me.id && message.text && !message.is_ephemeral && !isNotice(message) && message.subtype !== 'tombstone');
    if (mine) setEditing(mine.ts);
  };
  const edit = useCallback((ts: string | null) => {
    setEditing(ts);
    if (ts === null) composer.current?.focus();
  }, []);
  const onDrop = (event: DragEvent) => {
    event.preventDefault();
    setOver(false);
    composer.current?.addFiles(event.dataTransfer.files);
  };
  const name = channelName(channel, users, me.id);
  const label = channel.is_im ? name : `#${name}`;
  return (
    <section
      className={classes.channel}
      aria-label={label}
      onDragOver={(event) => {
        event.preventDefault();
        setOver(event.dataTransfer.types.includes('Files'));
      }}
      onDragLeave={(event) => event.currentTarget === event.target && setOver(false)}
      onDrop={onDrop}
    >
      <ChannelHead channel={channel} isMember={seat !== undefined} openMenu={openMenu} />
      {seat !== undefined && <KeptBar channel={channel.id} />}
      {history.data === undefined && (
        <div className={classes.notYet}>
          {history.isPending && <Waiting label={t('loadingMessages')} />}
          {history.isError && (
            <Center p="xl">
              <Failed error={history.error} retry={() => void history.refetch()} />
            </Center>
          )}
        </div>
      )}
      {history.data && (
        <MessageList
          channel={channel.id}
          messages={messages}
          outgoing={outgoing}
          editing={editing}
          edit={edit}
          unreadAfter={unreadAfter.current}
          at={at}
          loadOlder={history.hasNextPage ? loadOlder : undefined}
          isLoadingOlder={history.isFetchingNextPage}
          onSeen={onSeen}
          top={history.hasNextPage ? undefined : <Beginning channel={channel} />}
        />
      )}
      {seat === undefined ? (
        <JoinBar channel={channel} />
      ) : (
        <div className={classes.composerFrame}>
          <TypingLine channel={channel.id} />
          <Composer key={channel.id} ref={composer} channel={channel.id} placeholder={t('messageTo', { place: label })} onEditLast={editLast} />
        </div>
      )}
      {isOver && <div className={classes.dropHint}>{t('dropToShare', { place: label })}</div>}
    </section>
  );
}

// Tells the server that everything is read once the newest message was seen in a page that is looked at.
function useMarkRead(channel: string, lastRead: string, newest: string | undefined): () => void {
  const queries = useQueryClient();
  const asked = useRef('');
  const onSeen = useCallback(() => {
    if (newest === undefined || document.visibilityState !== 'visible' || !isLater(newest, lastRead) || asked.current === newest) return;
    asked.current = newest;
    markRead(queries, channel, newest, 0);
    tellRead(channel, newest).catch(() => (asked.current = ''));
  }, [queries, channel, lastRead, newest]);
  useEffect(() => {
    document.addEventListener('visibilitychange', onSeen);
    return () => document.removeEventListener('visibilitychange', onSeen);
  }, [onSeen]);
  return onSeen;
}

// Above the first message of all: what this place is for and what to do.
function Beginning({ channel }: { channel: Channel }) {
  const { users, home, me } = useWorkplace();
  const other = users.get(channel.user ?? '');
  if (channel.user === home.copilot.id) return <CopilotBeginning />;
  const isDirect = channel.is_im || channel.is_mpim;
  const name = channelName(channel, users, me.id);
  return (
    <Stack gap={6} className={classes.beginning}>
      {channel.is_im && <Face user={other} size={56} />}
      <Title order={2} fz={22}>
        {isDirect ? name : `#${name}`}
      </Title>
      <Text c="dimmed" maw={560}>
        {channel.is_im
          ? channel.user === me.id
            ? t('ownNotes')
            : t('betweenYouAnd', { name: nameOf(other) })
          : [fromServer(channel.purpose?.value ?? ''), t('beginningOf', { channel: name })].filter(Boolean).join(' ')}
      </Text>
    </Stack>
  );
}

const QUESTIONS = ['questionReturns', 'questionFiles', 'questionWarehouse'] as const;

function CopilotBeginning() {
  const { home, outbox } = useWorkplace();
  const channel = home.channels.find((seat) => seat.channel.user === home.copilot.id)?.channel.id;
  return (
    <Stack gap={8} className={classes.beginning}>
      <Face user={home.copilot} size={56} />
      <Title order={2} fz={22}>
        {t('askTheCopilot')}
      </Title>
      <Text c="dimmed" maw={560}>
        {t('itLooksThroughTheMessagesAnd')}
      </Text>
      <div className={classes.questions}>
        {QUESTIONS.map((key) => t(key)).map((text) => (
          <button key={text} type="button" className={classes.questionChip} onClick={() => channel && outbox.post(channel, null, text)}>
            {text}
          </button>
        ))}
      </div>
    </Stack>
  );
}
