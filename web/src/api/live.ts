// One web socket for everything live (/volano/v1/live): topics are subscribed while a page shows
// them; the socket reconnects by itself with growing pauses and then asks pages to fetch afresh.
import { useEffect, useRef } from 'react';

type Listener = (event: unknown) => void;

const listeners = new Map<string, Set<Listener>>();
const reconnected = new Set<() => void>();
let socket: WebSocket | null = null;
let pause = 500;

function connect(): void {
  const scheme = location.protocol === 'https:' ? 'wss' : 'ws';
  socket = new WebSocket(`${scheme}://${location.host}/volano/v1/live`);
  socket.onopen = () => {
    pause = 500;
    for (const topic of listeners.keys()) socket?.send(JSON.stringify({ subscribe: topic }));
    reconnected.forEach((tell) => tell());
  };
  socket.onmessage = (message: MessageEvent<string>) => {
    const { topic, event } = JSON.parse(message.data) as { topic?: string; event?: unknown };
    if (topic !== undefined && event !== undefined) listeners.get(topic)?.forEach((tell) => tell(event));
  };
  socket.onclose = () => {
    socket = null;
    if (listeners.size === 0) return;
    setTimeout(() => listeners.size > 0 && socket === null && connect(), pause);
    pause = Math.min(pause * 2, 15_000);
  };
}

// Calls `onEvent` for each event of `topic` while the component is shown, and `onReconnect` when
// events may have been missed.
export function useLive(topic: string | null, onEvent: Listener, onReconnect?: () => void): void {
  const latest = useRef({ onEvent, onReconnect });
  latest.current = { onEvent, onReconnect };
  useEffect(() => {
    if (topic === null) return undefined;
    const listener: Listener = (event) => latest.current.onEvent(event);
    const again = () => latest.current.onReconnect?.();
    const set = listeners.get(topic) ?? new Set<Listener>();
    listeners.set(topic, set.add(listener));
    reconnected.add(again);
    if (socket === null) connect();
    else if (socket.readyState === WebSocket.OPEN) socket.send(JSON.stringify({ subscribe: topic }));
    return () => {
      set.delete(listener);
      reconnected.delete(again);
      if (set.size > 0) return;
      listeners.delete(topic);
      if (socket?.readyState === WebSocket.OPEN) socket.send(JSON.stringify({ unsubscribe: topic }));
      if (listeners.size === 0) socket?.close();
    };
  }, [topic]);
}
