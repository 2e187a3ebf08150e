// The workplace as every part of the page sees it.
import { createContext, useContext } from 'react';
import { t } from '../i18n/text';

import type { Desk } from './desk/desk';
import type { Outbox } from './outbox';
import type { Channel, Home, Message, Seat, User } from './types';
import type { Wanted } from './writing/WritingView';

// What is asked of a message in a window of its own.
export interface Question {
  kind: 'readers' | 'history' | 'forward' | 'remind' | 'task' | 'urgent';
  channel: string;
  message: Message;
}

export interface Workplace {
  home: Home;
  me: User;
  users: Map<string, User>;
  outbox: Outbox;
  desk: Desk;
  ask: (question: Question) => void;
  write: (wanted: Wanted) => void;
  openMenu: () => void;
  openChannel: (channel: string, at?: string) => void;
  openThread: (channel: string, ts: string | null, at?: string) => void;
  openDirect: (user: string) => Promise<void>;
}

export const WorkplaceContext = createContext<Workplace | null>(null);

export function useWorkplace(): Workplace {
  const workplace = useContext(WorkplaceContext);
  if (workplace === null) throw new Error('useWorkplace is used outside the chat page');
  return workplace;
}

export function nameOf(user: User | undefined, fallback = t('somebody')): string {
  return user?.real_name || user?.profile.real_name || user?.profile.display_name || user?.name || fallback;
}

// Channels by name, then direct conversations, the liveliest first.
export function inOrder(seats: Seat[], name: (seat: Seat) => string): Seat[] {
  const isDirect = ({ channel }: Seat) => channel.is_im || channel.is_mpim;
  const channels = seats.filter((seat) => !isDirect(seat)).sort((a, b) => name(a).localeCompare(name(b)));
  const direct = seats.filter(isDirect).sort((a, b) => Number(b.latest?.ts ?? 0) - Number(a.latest?.ts ?? 0));
  return [...channels, ...direct];
}

export function ownName(user: User | undefined, id: string, me: string): string {
  const name = nameOf(user, id);
  return id === me ? t('youInBrackets', { name }) : name;
}

export function channelName(channel: Channel, users: Map<string, User>, me: string): string {
  if (channel.is_im) {
    const name = nameOf(users.get(channel.user ?? ''));
    return channel.user === me ? t('youInBrackets', { name }) : name;
  }
  return channel.name ?? channel.id;
}
