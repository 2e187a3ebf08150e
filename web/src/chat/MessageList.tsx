// Messages in order with days between them, the line of what is new, and older ones as one scrolls up.
import { Button, Group, Loader, Modal, Text } from '@mantine/core';
import { IconAlertTriangle, IconArrowDown } from '@tabler/icons-react';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { Fragment, useRef, useState, type ReactNode } from 'react';

import { slack } from '../api/client';
import { tellFailure } from '../app/parts';
import { t } from '../i18n/text';
import { removeMessage } from './cache';
import classes from './chat.module.css';
import { nameOf, useWorkplace } from './context';
import { Face } from './Face';
import { MessageRow } from './MessageRow';
import type { Outgoing } from './outbox';
import { MessageText } from './Text';
import { dayName, isSameDay } from './time';
import { isLater, isNotice, type Message } from './types';
import { useScrolling } from './useScrolling';
import { Windowed } from './Windowed';

const FOLLOWING_S = 5 * 60;

interface Props {
  channel: string;
  messages: Message[]; // oldest first
  outgoing: Outgoing[];
  editing: string | null;
  edit: (ts: string | null) => void;
  unreadAfter?: string | undefined; // what is newer was unread when the channel was opened
  at?: string | null; // a link leads to this one
  isInThread?: boolean;
  top?: ReactNode;
  loadOlder?: (() => void) | undefined;
  isLoadingOlder?: boolean;
  onSeen?: () => void; // the newest message is in view
}

export function MessageList(props: Props) {
  const { channel, messages, outgoing, editing, edit, unreadAfter, at = null, isInThread = false, top, loadOlder, isLoadingOlder = false, onSeen } = props;
  const { me } = useWorkplace();
  const begins = useRef(new Set<string>());
  const [removing, setRemoving] = useState<Message | null>(null);
  const { box, inner, isAtEnd, toEnd, onScroll } = useScrolling({ messages, outgoing: outgoing.length, at, loadOlder, isLoadingOlder, onSeen });
  const firstNew = unreadAfter === undefined ? undefined : messages.find((item) => isLater(item.ts, unreadAfter) && item.user !== me.id)?.ts;
  const drawn = (message: Message, index: number) => {
    const before = messages[index - 1];
    const isNewDay = before === undefined || !isSameDay(before.ts, message.ts);
    const isNew = message.ts === firstNew;
    return (
      <Fragment key={message.ts}>
        {isNewDay && !(isInThread && index > 0) && !isInThread && <DayLine ts={message.ts} />}
        {isNew && <NewLine />}
        <MessageRow
          channel={channel}
          message={message}
          isFollowing={!isNewDay && !isNew && follows(message, before) && !(isInThread && index === 1)}
          isEditing={editing === message.ts}
          isMarked={at === message.ts}
          isInThread={isInThread}
          edit={edit}
          remove={setRemoving}
        />
        {isInThread && index === 0 && <ReplyLine count={messages.length - 1} />}
      </Fragment>
    );
  };
  return (
    <div className={classes.listFrame}>
      <div ref={box} className={classes.messages} onScroll={onScroll} role="log" aria-label={isInThread ? t('thread') : t('messages')} tabIndex={0}>
        <div ref={inner} className={classes.listInner}>
          {isLoadingOlder && (
            <Group justify="center" p="sm">
              <Loader size="sm" role="img" aria-label={t('loadingOlderMessages')} />
            </Group>
          )}
          {top}
          {blocksOf(messages, begins.current).map((block) => (
            <Windowed key={block.messages[0]!.ts} count={block.messages.length} isPinned={block.start + block.messages.length === messages.length || block.messages.some((item) => item.ts === at || item.ts === editing)}>
              {() => block.messages.map((message, place) => drawn(message, block.start + place))}
            </Windowed>
          ))}
          {outgoing.map((item) => (
            <OutgoingRow key={item.id} item={item} />
          ))}
        </div>
      </div>
      {!isAtEnd && (
        <Button className={classes.toEnd} size="compact-sm" radius="xl" variant="default" leftSection={<IconArrowDown size={14} />} onClick={toEnd}>
          {t('newest')}
        </Button>
      )}
      <DeleteDialog channel={channel} message={removing} close={() => setRemoving(null)} />
    </div>
  );
}

const BLOCK = 50;

// Where blocks begin is remembered, so that they stay when older messages come in front and newer ones behind.
function blocksOf(messages: Message[], begins: Set<string>): { start: number; messages: Message[] }[] {
  const blocks: { start: number; messages: Message[] }[] = [];
  messages.forEach((message, start) => {
    const last = blocks.at(-1);
    if (last === undefined || last.messages.length >= BLOCK || begins.has(message.ts)) {
      begins.add(message.ts);
      blocks.push({ start, messages: [message] });
    } else last.messages.push(message);
  });
  return blocks;
}

function follows(message: Message, before: Message | undefined): boolean {
  if (before === undefined || isNotice(before) || isNotice(message) || before.subtype === 'tombstone') return false;
  return before.user === message.user && before.username === message.username && Number(message.ts) - Number(before.ts) < FOLLOWING_S;
}

function DayLine({ ts }: { ts: string }) {
  return (
    <div className={classes.day} role="separator">
      <span>{dayName(ts)}</span>
    </div>
  );
}

function NewLine() {
  return (
    <div className={classes.newLine} role="separator" aria-label={t('newMessages')}>
      <span>{t('newOnes')}</span>
    </div>
  );
}

function ReplyLine({ count }: { count: number }) {
  return (
    <div className={classes.replyLine} role="separator">
      <span>{count === 0 ? t('noRepliesYet') : t('replyCount', { count })}</span>
    </div>
  );
}

function OutgoingRow({ item }: { item: Outgoing }) {
  const { me, outbox } = useWorkplace();
  return (
    <article className={classes.row} style={{ opacity: item.failure ? 1 : 0.6 }} aria-label={t('onItsWay')}>
      <div className={classes.gutter}>
        <Face user={me} />
      </div>
      <div className={classes.body}>
        <Text fw={650}>{nameOf(me)}</Text>
        <MessageText text={item.text} />
        {item.failure && (
          <Group gap="xs" mt={4} role="alert">
            <IconAlertTriangle size={16} color="var(--mantine-color-red-6)" />
            <Text size="sm" c="red">
              {t('notSent', { reason: item.failure })}
            </Text>
            <Button size="compact-xs" variant="light" onClick={() => outbox.retry(item.id)}>
              {t('tryAgain')}
            </Button>
            <Button size="compact-xs" variant="subtle" color="gray" onClick={() => outbox.drop(item.id)}>
              {t('dropIt')}
            </Button>
          </Group>
        )}
      </div>
    </article>
  );
}

function DeleteDialog({ channel, message, close }: { channel: string; message: Message | null; close: () => void }) {
  const queries = useQueryClient();
  const remove = useMutation({
    mutationFn: (item: Message) => slack('chat.delete', { channel, ts: item.ts }),
    onSuccess: (_, item) => {
      removeMessage(queries, channel, item.ts, item.thread_ts);
      close();
    },
    onError: tellFailure,
  });
  return (
    <Modal opened={message !== null} onClose={close} title={t('deleteThisMessage')} centered>
      <Text size="sm" lineClamp={4} mb="md" c="dimmed">
        {message?.text || t('goesForEveryone')}
      </Text>
      <Group justify="flex-end">
        <Button variant="default" onClick={close} data-autofocus>
          {t('keepIt')}
        </Button>
        <Button color="red" loading={remove.isPending} onClick={() => message && remove.mutate(message)}>
          {t('delete')}
        </Button>
      </Group>
    </Modal>
  );
}
