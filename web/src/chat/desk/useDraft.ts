// What is being written: kept here at once and on the server a moment later, for other windows and devices.
import { useCallback, useEffect, useRef, useState } from 'react';

import { rest } from '../../api/client';
import { useWorkplace } from '../context';

const PAUSE_MS = 900;

// The text of this place and how to change it. A draft that came from another device is taken over while
// nothing is being written here.
export function useDraft(channel: string, thread: string | null): [string, (text: string) => void] {
  const { desk } = useWorkplace();
  const place = thread ?? '';
  const kept = desk.drafts.find((item) => item.channel === channel && item.thread_ts === place)?.text ?? '';
  const [text, setText] = useState(kept);
  const waiting = useRef<{ timer: number; text: string } | null>(null);
  const sent = useRef(kept);

  const send = useCallback(
    (next: string) => {
      waiting.current = null;
      if (next === sent.current) return;
      sent.current = next;
      // A draft that cannot be kept is no reason to disturb who is writing: it stays on this page.
      rest.put('/chat/drafts', { channel, thread_ts: place, text: next }).catch(() => undefined);
    },
    [channel, place],
  );
  const change = useCallback(
    (next: string) => {
      setText(next);
      if (waiting.current) window.clearTimeout(waiting.current.timer);
      waiting.current = { text: next, timer: window.setTimeout(() => send(next), next === '' ? 0 : PAUSE_MS) };
    },
    [send],
  );
  useEffect(() => {
    if (waiting.current !== null || kept === sent.current) return;
    sent.current = kept;
    setText(kept);
  }, [kept]);
  useEffect(
    () => () => {
      if (waiting.current === null) return;
      window.clearTimeout(waiting.current.timer);
      send(waiting.current.text);
    },
    [send],
  );
  return [text, change];
}
