// One web socket for everything live (/volano/v1/live): topics are subscribed while a page shows
// them. Each time the server says that it listens to a topic, at first and after a break, the page
// is asked to fetch afresh: what happened before that moment was not told. The socket reconnects by
// itself with growing pauses.
import { useEffect, useRef } from 'react';

type Listener = (event: unknown) => void;

const listeners = new Map<string, Set<Listener>>();
const ready = new Map<string, Set<() => void>>();
let socket: WebSocket | null = null;
let pause = 500;

function connect(): void {
  const scheme = location.protocol === 'https:' ? 'wss' : 'ws';
  socket = new WebSocket(`${scheme}://${location.host}/volano/v1/live`);
  socket.onopen = () => {
    pause = 500;
    for (const topic of listeners.keys()) socket?.send(JSON.stringify({ subscribe: topic }));
  };
  socket.onmessage = (message: MessageEvent<string>) => {
    const { topic, event, subscribed } = JSON.parse(message.data) as { topic?: string; event?: unknown; subscribed?: boolean };
    if (topic === undefined) return;
    if (subscribed) ready.get(topic)?.forEach((tell) => tell());
    if (event !== undefined) listeners.get(topic)?.forEach((tell) => tell(event));
  };
  socket.onclose = () => {
    socket = null;
    if (listeners.size === 0) return;
    setTimeout(() => listeners.size > 0 && socket === null && connect(), pause);
    pause = Math.min(pause * 2, 15_000);
  };
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
    else if (socket.readyState === WebSocket.OPEN) socket.send(JSON.stringify({ subscribe: topic }));
    return () => {
      set.delete(listener);
      ready.get(topic)?.delete(again);
      if (set.size > 0) return;
      listeners.delete(topic);
      ready.delete(topic);
      if (socket?.readyState === WebSocket.OPEN) socket.send(JSON.stringify({ unsubscribe: topic }));
      if (listeners.size === 0) socket?.close();
    };
  }, [topic]);
}
