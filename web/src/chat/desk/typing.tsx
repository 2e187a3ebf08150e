// Who is typing where: told by live events, forgotten after a few seconds.
import { Text } from '@mantine/core';
import { useEffect, useSyncExternalStore } from 'react';

import { rest } from '../../api/client';
import { t } from '../../i18n/text';
import classes from '../chat.module.css';
import { nameOf, useWorkplace } from '../context';

const SHOWN_MS = 6000;
const TELL_EVERY_MS = 4000;
const MAX_NAMED = 2;

const typing = new Map<string, Map<string, number>>();
const listeners = new Set<() => void>();
let version = 0;

function changed(): void {
  version += 1;
  listeners.forEach((tell) => tell());
}

export function noteTyping(channel: string, user: string): void {
  const here = typing.get(channel) ?? new Map<string, number>();
  typing.set(channel, here.set(user, Date.now() + SHOWN_MS));
  changed();
}

// What was written is no longer being typed.
export function noteWritten(channel: string, user: string): void {
  if (typing.get(channel)?.delete(user)) changed();
}

function subscribe(tell: () => void): () => void {
  listeners.add(tell);
  return () => listeners.delete(tell);
}

export function TypingLine({ channel }: { channel: string }) {
  const { users, me } = useWorkplace();
  const seen = useSyncExternalStore(subscribe, () => version);
  useEffect(() => {
    const here = typing.get(channel);
    if (!here?.size) return undefined;
    const timer = setTimeout(() => {
      for (const [user, until] of here) if (until <= Date.now()) here.delete(user);
      changed();
    }, 1000);
    return () => clearTimeout(timer);
  }, [channel, seen]);
  const now = [...(typing.get(channel) ?? [])].filter(([user, until]) => user !== me.id && until > Date.now()).map(([user]) => nameOf(users.get(user)));
  const text = now.length === 0 ? '' : now.length > MAX_NAMED ? t('severalTyping') : t('namesTyping', { names: now.join(', '), count: now.length });
  return (
    <Text size="xs" c="dimmed" className={classes.typing} aria-live="polite">
      {text}
    </Text>
  );
}

let told = { channel: '', at: 0 };

// Tells the others that one is typing, now and then.
export function tellTyping(channel: string): void {
  const now = Date.now();
  if (told.channel === channel && now - told.at < TELL_EVERY_MS) return;
  told = { channel, at: now };
  rest.post('/chat/typing', { channel }).catch(() => undefined);
}
