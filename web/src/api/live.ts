// One web socket for everything live (/volano/v1/live): topics are subscribed while a page shows
// them. Events that the server keeps carry a stream and a number. After a break, and when a number
// is missing, the page says where it stands and is told what it missed, in order; numbers that were
// heard already are dropped. Where the server cannot go on from there (at first, or after an hour),
// the page is asked to fetch afresh. The socket reconnects by itself with growing pauses, each page
// after another one, so that a server that comes back is not met by all of them at once.
import { useEffect, useRef } from 'react';

type Listener = (event: unknown) => void;

interface Frame {
  topic?: string;
  event?: { type?: string; stream?: string; seq?: number };
  subscribed?: boolean;
  resumed?: boolean;
  places?: Record<string, number>;
}

const listeners = new Map<string, Set<Listener>>();
const ready = new Map<string, Set<() => void>>();
const places = new Map<string, Map<string, number>>(); // by topic: the last number heard of each stream
const catchingUp = new Set<string>();
const FIRST_PAUSE = 500;
const LONGEST_PAUSE = 15_000;
let socket: WebSocket | null = null;
let pause = FIRST_PAUSE;

function connect(): void {
  const scheme = location.protocol === 'https:' ? 'wss' : 'ws';
  socket = new WebSocket(`${scheme}://${location.host}/volano/v1/live`);
  socket.onopen = () => {
    pause = FIRST_PAUSE;
    catchingUp.clear();
    for (const topic of listeners.keys()) subscribe(topic);
  };
  socket.onmessage = (message: MessageEvent<string>) => take(JSON.parse(message.data) as Frame);
  socket.onclose = () => {
    socket = null;
    if (listeners.size === 0) return;
    setTimeout(() => listeners.size > 0 && socket === null && connect(), pause * (0.5 + Math.random()));
    pause = Math.min(pause * 2, LONGEST_PAUSE);
  };
}

function subscribe(topic: string): void {
  const heard = places.get(topic);
  const since = heard === undefined ? {} : { since: Object.fromEntries(heard) };
  socket?.send(JSON.stringify({ subscribe: topic, ...since }));
}

function take({ topic, event, subscribed, resumed, places: stands }: Frame): void {
  if (topic === undefined) return;
  if (subscribed) {
    catchingUp.delete(topic);
    if (stands) places.set(topic, new Map(Object.entries(stands)));
    if (!resumed) ready.get(topic)?.forEach((tell) => tell());
  }
  if (event !== undefined && isNext(topic, event)) listeners.get(topic)?.forEach((tell) => tell(event));
}

// Whether an event is to be told: not when it was before, nor when the page asks for one before it.
function isNext(topic: string, { type, stream, seq }: NonNullable<Frame['event']>): boolean {
  const heard = places.get(topic);
  if (heard === undefined || stream === undefined || seq === undefined) return true;
  const last = heard.get(stream) ?? seq - 1;
  if (type !== 'resync') {
    if (seq <= last) return false;
    if (seq > last + 1) {
      if (!catchingUp.has(topic)) subscribe(topic);
      catchingUp.add(topic);
      return false;
    }
  }
  heard.set(stream, seq);
  return true;
}

// Calls `onEvent` for each event of `topic` while the component is shown, and `onReady` when events
// before it may have been missed.
export function useLive(topic: string | null, onEvent: Listener, onReady?: () => void): void {
  const latest = useRef({ onEvent, onReady });
  latest.current = { onEvent, onReady };
  useEffect(() => {
    if (topic === null) return undefined;
    const listener: Listener = (event) => latest.current.onEvent(event);
    const again = () => latest.current.onReady?.();
    const set = listeners.get(topic) ?? new Set<Listener>();
    listeners.set(topic, set.add(listener));
    ready.set(topic, (ready.get(topic) ?? new Set()).add(again));
    if (socket === null) connect();
    else if (socket.readyState === WebSocket.OPEN) subscribe(topic);
    return () => {
      set.delete(listener);
      ready.get(topic)?.delete(again);
      if (set.size > 0) return;
      listeners.delete(topic);
      ready.delete(topic);
      places.delete(topic);
      if (socket?.readyState === WebSocket.OPEN) socket.send(JSON.stringify({ unsubscribe: topic }));
      if (listeners.size === 0) socket?.close();
    };
  }, [topic]);
}
