// A person's own things beside the channels: drafts, what is saved, settings; read once, changed by events.
import { useQuery, useQueryClient, type QueryClient } from '@tanstack/react-query';

import { isDenied } from '../../api/call';
import { rest } from '../../api/client';
import { tellFailure } from '../../app/parts';
import type { LiveEvent, Message } from '../types';

export interface KeptDraft {
  channel: string;
  thread_ts: string;
  text: string;
  updated: number;
}

export interface QuietHours {
  from_minute: number;
  until_minute: number;
  days: number[];
  zone: string;
}

export interface Preferences {
  language: string;
  notify: 'all' | 'calls' | 'none';
  keywords: string[];
  muted: string[];
  quiet: QuietHours | null;
}

export interface Desk {
  drafts: KeptDraft[];
  saved: { channel: string; ts: string; done: boolean }[];
  unread_threads: number;
  preferences: Preferences;
}

// A message of some channel, with what is noted of it: why it calls, when it was saved ...
export interface Noted {
  channel: string;
  message: Message;
  note: Record<string, unknown>;
}

export const deskKey = ['chat', 'desk'] as const;
export const notedKey = (list: string) => ['chat', 'noted', list] as const;

const NONE: Desk = { drafts: [], saved: [], unread_threads: 0, preferences: { language: '', notify: 'calls', keywords: [], muted: [], quiet: null } };

export function useDesk({ enabled = true } = {}): Desk {
  const desk = useQuery({ queryKey: deskKey, queryFn: () => rest.get<Desk>('/chat/desk'), enabled });
  return desk.data ?? NONE;
}

export function useNoted(list: 'mentions' | 'threads' | 'saved') {
  return useQuery({ queryKey: notedKey(list), queryFn: () => rest.get<{ items: Noted[] }>(`/chat/${list}`) });
}

// Takes a live event of one's own desk; false when it is about something else.
export function applyDeskEvent(queries: QueryClient, event: LiveEvent): boolean {
  switch (event.type) {
    case 'volano_draft':
      keepDraft(queries, event as unknown as KeptDraft);
      return true;
    case 'volano_desk':
    case 'volano_mention':
      void queries.invalidateQueries({ queryKey: deskKey });
      void queries.invalidateQueries({ queryKey: ['chat', 'noted'] });
      return true;
    case 'dnd_updated':
      void queries.invalidateQueries({ queryKey: ['chat', 'pause'] });
      return true;
    default:
      return false;
  }
}

function keepDraft(queries: QueryClient, { channel, thread_ts, text, updated }: KeptDraft): void {
  queries.setQueryData<Desk>(deskKey, (desk) => {
    if (desk === undefined) return desk;
    const others = desk.drafts.filter((item) => item.channel !== channel || item.thread_ts !== thread_ts);
    return { ...desk, drafts: text.trim() === '' ? others : [{ channel, thread_ts, text, updated }, ...others] };
  });
}

// Who may not use the workplace (the shell offers languages to them too) has nothing to keep there.
export function useSetPreferences(): (change: Partial<Preferences>) => Promise<void> {
  const queries = useQueryClient();
  return async (change) => {
    try {
      const now = queries.getQueryData<Desk>(deskKey) ?? (await rest.get<Desk>('/chat/desk'));
      const preferences = { ...now.preferences, ...change };
      queries.setQueryData<Desk>(deskKey, { ...now, preferences });
      await rest.put('/chat/preferences', preferences);
    } catch (error) {
      void queries.invalidateQueries({ queryKey: deskKey });
      if (!isDenied(error)) tellFailure(error);
    }
  };
}

// Puts a message on the list for later, ticks it off, or takes it from there; shown at once.
export function useSave(): (channel: string, ts: string, saved: boolean, done?: boolean) => void {
  const queries = useQueryClient();
  return (channel, ts, saved, done = false) => {
    queries.setQueryData<Desk>(deskKey, (desk) => {
      if (desk === undefined) return desk;
      const others = desk.saved.filter((item) => item.channel !== channel || item.ts !== ts);
      return { ...desk, saved: saved ? [{ channel, ts, done }, ...others] : others };
    });
    rest.put('/chat/saved', { channel, ts, saved, done }).catch((error: unknown) => {
      void queries.invalidateQueries({ queryKey: deskKey });
      tellFailure(error);
    });
  };
}
