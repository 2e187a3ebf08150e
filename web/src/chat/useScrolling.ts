// Keeps the list where it is read: at the end it stays at the end, older messages push nothing away.
import { useEffect, useLayoutEffect, useRef, useState, type RefObject } from 'react';

import type { Message } from './types';

const NEAR_END_PX = 80;
const NEAR_TOP_PX = 240;

interface Watched {
  messages: Message[];
  outgoing: number;
  at: string | null;
  loadOlder: (() => void) | undefined;
  isLoadingOlder: boolean;
  onSeen: (() => void) | undefined;
}

interface Scrolling {
  box: RefObject<HTMLDivElement | null>;
  inner: RefObject<HTMLDivElement | null>;
  isAtEnd: boolean;
  toEnd: () => void;
  onScroll: () => void;
}

export function useScrolling({ messages, outgoing, at, loadOlder, isLoadingOlder, onSeen }: Watched): Scrolling {
  const box = useRef<HTMLDivElement>(null);
  const inner = useRef<HTMLDivElement>(null);
  const sticks = useRef(at === null);
  const top = useRef(0);
  const before = useRef({ first: '', height: 0, outgoing: 0 });
  const [isAtEnd, setAtEnd] = useState(true);
  const jumped = useRef<string | null>(null);

  const toEnd = () => {
    sticks.current = true;
    setAtEnd(true);
    if (box.current) box.current.scrollTop = box.current.scrollHeight;
  };
  const lookForOlder = () => {
    if (box.current && box.current.scrollTop < NEAR_TOP_PX && !isLoadingOlder) loadOlder?.();
  };
  const onScroll = () => {
    const view = box.current!;
    const isNear = view.scrollHeight - view.scrollTop - view.clientHeight < NEAR_END_PX;
    // Only a person goes up; what grows late (pictures, previews) leaves the end behind without it.
    if (isNear || view.scrollTop < top.current) sticks.current = isNear;
    top.current = view.scrollTop;
    setAtEnd(sticks.current);
    if (sticks.current) onSeen?.();
    lookForOlder();
  };

  useLayoutEffect(() => {
    const view = box.current;
    if (view === null) return;
    const first = messages[0]?.ts ?? '';
    const { first: oldFirst, height, outgoing: oldOutgoing } = before.current;
    if (sticks.current || outgoing > oldOutgoing) view.scrollTop = view.scrollHeight;
    else if (oldFirst !== '' && first !== oldFirst) view.scrollTop += view.scrollHeight - height;
    before.current = { first, height: view.scrollHeight, outgoing };
  });

  // A link leads to a message: older ones are loaded until it is there.
  useEffect(() => {
    if (at === null || jumped.current === at || messages.length === 0) return;
    const target = box.current?.querySelector(`[data-ts="${CSS.escape(at)}"]`);
    if (target) {
      jumped.current = at;
      sticks.current = false;
      target.scrollIntoView({ block: 'center' });
    } else if (!isLoadingOlder) {
      loadOlder?.();
    }
  }, [at, messages, isLoadingOlder, loadOlder]);

  // Pictures get their height late; a list shorter than the view needs older messages at once.
  useEffect(() => {
    const view = box.current;
    if (view === null || inner.current === null) return undefined;
    const watch = new ResizeObserver(() => {
      if (sticks.current) view.scrollTop = view.scrollHeight;
    });
    watch.observe(inner.current);
    watch.observe(view);
    return () => watch.disconnect();
  }, []);
  useEffect(() => {
    if (sticks.current) onSeen?.();
    if (box.current && box.current.scrollHeight <= box.current.clientHeight) lookForOlder();
  });
  return { box, inner, isAtEnd, toEnd, onScroll };
}
