// What the page holds of the workplace, how each live event changes it, and what to read again when.
import type { InfiniteData, QueryClient } from '@tanstack/react-query';

import { applyDeskEvent } from './desk/desk';
import { noteTyping, noteWritten } from './desk/typing';
import { isLater, isReplyOnly, type HistoryPage, type Home, type LiveEvent, type Message, type Reaction, type Thread } from './types';

export type History = InfiniteData<HistoryPage, string>;

export const homeKey = ['chat', 'home'] as const;
export const historyKey = (channel: string) => ['chat', 'history', channel] as const;
export const threadKey = (channel: string, ts: string) => ['chat', 'thread', channel, ts] as const;

// How many events there were, in all (under '') and per channel: an answer that was on its way while
// something happened may not know of it.
const happened = new Map<string, number>();
let breaks = 0; // moments before which events were not told
const MAX_READS = 4;

const versionOf = (channel: string) => `${breaks}/${happened.get(channel) ?? 0}`;

// Events begin now: everything is read again, also what is on its way for the first time.
export function readAllAgain(queries: QueryClient): void {
  breaks += 1;
  void queries.invalidateQueries({ queryKey: ['chat'] });
}

// Reads until nothing happened meanwhile; the last answer counts in a place that never rests.
export async function readSettled<T>(channel: string, read: () => Promise<T>): Promise<T> {
  for (let turn = 1; ; turn += 1) {
    const before = versionOf(channel);
    const answer = await read();
    if (turn === MAX_READS || versionOf(channel) === before) return answer;
  }
}

// What happened in one channel, or to me alone, is not known any more.
function readStreamAgain(queries: QueryClient, stream: string, me: string): void {
  if (stream === me) return readAllAgain(queries);
  for (const queryKey of [homeKey, historyKey(stream), ['chat', 'thread', stream], ['chat', 'pins', stream]]) void queries.invalidateQueries({ queryKey });
}

// Reading again what is being read: pages that came before the event would undo it.
function restartReads(queries: QueryClient, channel: string): void {
  for (const name of ['', channel]) happened.set(name, (happened.get(name) ?? 0) + 1);
  for (const queryKey of [homeKey, historyKey(channel), ['chat', 'thread', channel]]) {
    if (queries.isFetching({ queryKey }) > 0) void queries.invalidateQueries({ queryKey, predicate: (query) => query.state.fetchStatus === 'fetching' });
  }
}

const isSame = (left: Message, right: Message) => left.ts === right.ts;

function withMessage(history: History, message: Message): History {
  const known = history.pages.some((page) => page.messages.some((item) => isSame(item, message)));
  if (known) return mapHistory(history, (item) => (isSame(item, message) ? { ...item, ...message } : item));
  const [first, ...rest] = history.pages;
  if (first === undefined) return history;
  const messages = [message, ...first.messages].sort((a, b) => Number(b.ts) - Number(a.ts));
  return { ...history, pages: [{ ...first, messages }, ...rest] };
}

function mapHistory(history: History, change: (message: Message) => Message | null): History {
  const pages = history.pages.map((page) => ({ ...page, messages: page.messages.map(change).filter((item) => item !== null) }));
  return { ...history, pages };
}

function mapThread(thread: Thread, change: (message: Message) => Message | null): Thread {
  return { messages: thread.messages.map(change).filter((item) => item !== null) };
}

function change(queries: QueryClient, channel: string, how: (message: Message) => Message | null): void {
  queries.setQueryData<History>(historyKey(channel), (old) => old && mapHistory(old, how));
  queries.setQueriesData<Thread>({ queryKey: ['chat', 'thread', channel] }, (old) => old && mapThread(old, how));
}

// A message that is there now, whether it came live or as the answer of one's own post.
export function addMessage(queries: QueryClient, channel: string, message: Message, me: string): void {
  const root = message.thread_ts;
  if (!isReplyOnly(message)) queries.setQueryData<History>(historyKey(channel), (old) => old && withMessage(old, message));
  if (root !== undefined && root !== message.ts) addReply(queries, channel, root, message);
  if (isReplyOnly(message)) return;
  queries.setQueryData<Home>(homeKey, (home) => {
    if (home === undefined) return home;
    const channels = home.channels.map((seat) => {
      if (seat.channel.id !== channel || (seat.latest && !isLater(message.ts, seat.latest.ts))) return seat;
      // Who writes has read what stands above.
      if (message.user === me) return { ...seat, latest: message, unread: 0, channel: { ...seat.channel, last_read: message.ts } };
      // (Its history may have come before its event.)
      const isRead = !isLater(message.ts, seat.channel.last_read ?? '0');
      return { ...seat, latest: message, unread: isRead ? seat.unread : seat.unread + 1 };
    });
    return { ...home, channels };
  });
}

function addReply(queries: QueryClient, channel: string, root: string, reply: Message): void {
  queries.setQueryData<Thread>(threadKey(channel, root), (old) => {
    if (old === undefined || old.messages.some((item) => isSame(item, reply))) return old;
    return { messages: [...old.messages, reply].sort((a, b) => Number(a.ts) - Number(b.ts)) };
  });
  change(queries, channel, (item) => {
    if (item.ts !== root || (item.latest_reply && !isLater(reply.ts, item.latest_reply))) return item;
    const users = item.reply_users ?? [];
    const reply_users = users.includes(reply.user) ? users : [...users, reply.user];
    return { ...item, thread_ts: root, reply_count: (item.reply_count ?? 0) + 1, latest_reply: reply.ts, reply_users };
  });
}

// The event's message lacks what others added (reactions, who replied), so that stays as it is known.
export function changeMessage(queries: QueryClient, channel: string, message: Message): void {
  change(queries, channel, (item) => {
    if (!isSame(item, message)) return item;
    const { reactions, reply_users } = item;
    return { ...message, ...(reactions ? { reactions } : {}), ...(reply_users ? { reply_users } : {}) };
  });
}

// What is left of a deleted message whose thread stays; the server keeps the same.
function tombstoneOf({ ts, user, thread_ts, reply_count, reply_users, latest_reply }: Message): Message {
  const thread = { ...(thread_ts ? { thread_ts } : {}), ...(reply_users ? { reply_users } : {}), ...(latest_reply ? { latest_reply } : {}) };
  return { ts, user, subtype: 'tombstone', text: 'This message was deleted.', reply_count: reply_count ?? 0, ...thread };
}

export function removeMessage(queries: QueryClient, channel: string, ts: string, root?: string): void {
  change(queries, channel, (item) => {
    if (item.ts === ts) return item.reply_count ? tombstoneOf(item) : null;
    if (root === undefined || item.ts !== root || root === ts) return item;
    return { ...item, reply_count: Math.max(0, (item.reply_count ?? 0) - 1) };
  });
}

export function react(queries: QueryClient, channel: string, ts: string, name: string, user: string, isAdded: boolean): void {
  change(queries, channel, (item) => (item.ts === ts ? { ...item, reactions: reacted(item.reactions ?? [], name, user, isAdded) } : item));
}

function reacted(reactions: Reaction[], name: string, user: string, isAdded: boolean): Reaction[] {
  const known = reactions.find((item) => item.name === name);
  const others = (known?.users ?? []).filter((id) => id !== user);
  const users = isAdded ? [...others, user] : others;
  if (known === undefined) return isAdded ? [...reactions, { name, users, count: 1 }] : reactions;
  return reactions.map((item) => (item === known ? { ...item, users, count: users.length } : item)).filter((item) => item.count > 0);
}

// Going back is for marking as unread; else the pointer goes forward only.
export function markRead(queries: QueryClient, channel: string, ts: string, unread: number, isBack = false): void {
  queries.setQueryData<Home>(homeKey, (home) => {
    if (home === undefined) return home;
    const channels = home.channels.map((seat) =>
      seat.channel.id === channel && (isBack || isLater(ts, seat.channel.last_read ?? '0')) ? { ...seat, unread, channel: { ...seat.channel, last_read: ts } } : seat,
    );
    return { ...home, channels };
  });
}

// Applies one live event; what it does not know changes the list of channels, so that is read again.
export function applyEvent(queries: QueryClient, event: LiveEvent, me: string): void {
  take(queries, event, me);
  if (event.type !== 'user_typing') restartReads(queries, channelOf(event));
}

function channelOf(event: LiveEvent): string {
  if (typeof event.channel === 'string') return event.channel;
  return (event.item as { channel?: string } | undefined)?.channel ?? '';
}

function take(queries: QueryClient, event: LiveEvent, me: string): void {
  if (applyDeskEvent(queries, event)) return undefined;
  const channel = channelOf(event);
  switch (event.type) {
    case 'message':
      return applyMessage(queries, channel, event, me);
    case 'reaction_added':
    case 'reaction_removed': {
      const item = event.item as { channel: string; ts: string };
      return react(queries, item.channel, item.ts, String(event.reaction), String(event.user), event.type === 'reaction_added');
    }
    case 'channel_marked':
      return markRead(queries, channel, String(event.ts), Number(event.unread_count_display ?? 0), true);
    case 'user_typing':
      return noteTyping(channel, String(event.user));
    case 'pin_added':
    case 'pin_removed':
      return void queries.invalidateQueries({ queryKey: ['chat', 'pins', String(event.channel_id ?? channel)] });
    case 'view_opened':
    case 'view_pushed':
    case 'view_updated':
      return undefined;
    case 'view_published': {
      const view = event.view as { app_id: string };
      return void queries.setQueryData(['chat', 'app-home', view.app_id], { view });
    }
    case 'resync':
      return readStreamAgain(queries, channel, me);
    case 'volano_all_read':
      return void queries.invalidateQueries({ queryKey: ['chat'] });
    case 'volano_urgent':
      return void queries.invalidateQueries({ queryKey: ['chat', 'urgent'] });
    default:
      return void queries.invalidateQueries({ queryKey: homeKey });
  }
}

function applyMessage(queries: QueryClient, channel: string, event: LiveEvent, me: string): void {
  if (event.subtype === 'message_changed') return changeMessage(queries, channel, event.message as Message);
  if (event.subtype === 'message_replied') {
    const root = event.message as Message;
    return change(queries, channel, (item) => (isSame(item, root) ? root : item));
  }
  if (event.subtype === 'message_deleted') {
    const previous = event.previous_message as Message | undefined;
    void queries.invalidateQueries({ queryKey: ['chat', 'pins', channel] });
    return removeMessage(queries, channel, String(event.deleted_ts), previous?.thread_ts);
  }
  const message = event as unknown as Message;
  noteWritten(channel, message.user);
  addMessage(queries, channel, message, me);
  const home = queries.getQueryData<Home>(homeKey);
  const isKnown = home?.channels.some((seat) => seat.channel.id === channel) && home.users.some((user) => user.id === message.user);
  if (!isKnown || message.subtype) void queries.invalidateQueries({ queryKey: homeKey });
}
