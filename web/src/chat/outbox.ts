// Messages on their way: shown at once, sent one after another per channel, kept while there is no network.
import { useQueryClient } from '@tanstack/react-query';
import { useCallback, useEffect, useMemo, useRef, useState } from 'react';

import { ApiError, slack } from '../api/client';
import { messageOf } from '../app/parts';
import { addMessage } from './cache';
import type { Message } from './types';

export interface Outgoing {
  id: string; // client_msg_id: the server takes a repeat for the same message
  channel: string;
  thread: string | null;
  text: string;
  failure: string;
}

export interface Outbox {
  waiting: Outgoing[];
  post: (channel: string, thread: string | null, text: string) => void;
  retry: (id: string) => void;
  drop: (id: string) => void;
}

const MAX_KEPT = 100;

// What waits is kept in this browser, so that a reload in a tunnel loses nothing.
function keptFor(me: string): Outgoing[] {
  const kept: unknown = JSON.parse(localStorage.getItem(placeOf(me)) ?? '[]');
  return Array.isArray(kept) ? (kept as Outgoing[]).map((item) => ({ ...item, failure: '' })) : [];
}

const placeOf = (me: string) => `volano.chat.outbox.${me}`;

export function useOutbox(me: string): Outbox {
  const queries = useQueryClient();
  const [waiting, setWaiting] = useState<Outgoing[]>(() => keptFor(me));
  const lines = useRef(new Map<string, Promise<void>>());
  const latest = useRef(waiting);
  latest.current = waiting;
  useEffect(() => {
    if (waiting.length === 0) localStorage.removeItem(placeOf(me));
    else localStorage.setItem(placeOf(me), JSON.stringify(waiting.slice(-MAX_KEPT)));
  }, [waiting, me]);

  const send = useCallback(
    (item: Outgoing) => {
      const work = async () => {
        try {
          const body = { channel: item.channel, text: item.text, client_msg_id: item.id, ...(item.thread ? { thread_ts: item.thread } : {}) };
          const { message } = await postPatiently(body);
          addMessage(queries, item.channel, message, me);
          setWaiting((now) => now.filter((other) => other.id !== item.id));
        } catch (error) {
          // Without a network nothing has failed: it goes out when there is one again.
          if (!navigator.onLine) return;
          setWaiting((now) => now.map((other) => (other.id === item.id ? { ...other, failure: messageOf(error) } : other)));
        }
      };
      lines.current.set(item.channel, (lines.current.get(item.channel) ?? Promise.resolve()).then(work));
    },
    [queries, me],
  );

  const sendAll = useCallback(() => {
    setWaiting((now) => now.map((item) => ({ ...item, failure: '' })));
    latest.current.forEach(send);
  }, [send]);
  useEffect(() => {
    if (navigator.onLine && latest.current.length > 0) sendAll();
    window.addEventListener('online', sendAll);
    return () => window.removeEventListener('online', sendAll);
  }, [sendAll]);

  return useMemo(
    () => ({
      waiting,
      post: (channel, thread, text) => {
        const item = { id: newId(), channel, thread, text, failure: '' };
        setWaiting((now) => [...now, item]);
        send(item);
      },
      retry: (id) => {
        const item = waiting.find((other) => other.id === id);
        if (item === undefined) return;
        setWaiting((now) => now.map((other) => (other.id === id ? { ...other, failure: '' } : other)));
        send(item);
      },
      drop: (id) => setWaiting((now) => now.filter((other) => other.id !== id)),
    }),
    [waiting, send],
  );
}

const PAUSES_MS = [300, 1200];

// A connection that broke is tried again by itself; the id makes that one message.
async function postPatiently(body: Record<string, unknown>): Promise<{ message: Message }> {
  for (const pause of PAUSES_MS) {
    try {
      return await slack<{ message: Message }>('chat.postMessage', body);
    } catch (error) {
      if (!(error instanceof ApiError) || error.status !== 0 || !navigator.onLine) throw error;
      await new Promise((resolve) => setTimeout(resolve, pause));
    }
  }
  return slack<{ message: Message }>('chat.postMessage', body);
}

// `crypto.randomUUID` is missing on plain http outside localhost; random values are not.
function newId(): string {
  const hex = Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, '0')).join('');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
}
