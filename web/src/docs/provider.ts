// A document kept alike with the server's: Yjs over a web socket by the y-websocket protocol. The server
// acknowledges every update once it is durable (frame 100), which is what "saved" means here.
import { createDecoder, readVarUint, readVarUint8Array } from 'lib0/decoding';
import { createEncoder, toUint8Array, writeVarUint, writeVarUint8Array } from 'lib0/encoding';
import { applyAwarenessUpdate, Awareness, encodeAwarenessUpdate, removeAwarenessStates } from 'y-protocols/awareness';
import { readSyncMessage, writeSyncStep1, writeUpdate } from 'y-protocols/sync';
import type * as Y from 'yjs';

const SYNC = 0;
const AWARENESS = 1;
const WHO_IS_HERE = 3;
const ACKNOWLEDGED = 100;
const STEP1 = 0;
const NOT_ALLOWED = 4403;
const FIRST_WAIT_MS = 250;
const LONGEST_WAIT_MS = 10_000;
const PRESENCE_MS = 15_000;

export type Phase = 'connecting' | 'saving' | 'saved' | 'offline' | 'refused';

export class DocumentSocket {
  readonly awareness: Awareness;
  private socket: WebSocket | null = null;
  private waitMs = FIRST_WAIT_MS;
  private timer = 0;
  private unacknowledged = 0;
  private isSynced = false;
  private isClosed = false;
  private readonly beat: number;

  constructor(
    private readonly id: string,
    private readonly doc: Y.Doc,
    private readonly show: (phase: Phase, why?: string) => void,
  ) {
    this.awareness = new Awareness(doc);
    this.awareness.on('update', this.tellPresence);
    doc.on('update', this.tellUpdate);
    // The server keeps nobody's presence: it is said again, so that those who come later hear it.
    this.beat = window.setInterval(() => this.sendPresence([doc.clientID]), PRESENCE_MS);
    window.addEventListener('beforeunload', this.leave);
    this.open();
  }

  close(): void {
    this.isClosed = true;
    window.clearTimeout(this.timer);
    window.clearInterval(this.beat);
    window.removeEventListener('beforeunload', this.leave);
    this.leave();
    this.doc.off('update', this.tellUpdate);
    this.awareness.destroy();
    this.socket?.close();
  }

  private leave = () => removeAwarenessStates(this.awareness, [this.doc.clientID], 'left');

  private open(): void {
    this.show('connecting');
    const scheme = window.location.protocol === 'https:' ? 'wss' : 'ws';
    const socket = new WebSocket(`${scheme}://${window.location.host}/volano/v1/documents/live?id=${encodeURIComponent(this.id)}`);
    socket.binaryType = 'arraybuffer';
    this.socket = socket;
    this.isSynced = false;
    this.unacknowledged = 0;
    socket.onopen = () => {
      this.waitMs = FIRST_WAIT_MS;
      this.send(SYNC, (frame) => writeSyncStep1(frame, this.doc));
      this.sendPresence([this.doc.clientID]);
      this.send(WHO_IS_HERE, () => undefined);
    };
    socket.onmessage = (event) => this.take(new Uint8Array(event.data as ArrayBuffer));
    socket.onclose = (event) => this.again(event);
  }

  private again(event: CloseEvent): void {
    const others = [...this.awareness.getStates().keys()].filter((client) => client !== this.doc.clientID);
    removeAwarenessStates(this.awareness, others, this);
    if (this.isClosed) return;
    if (event.code === NOT_ALLOWED) return this.show('refused', event.reason);
    this.show('offline');
    this.timer = window.setTimeout(() => this.open(), this.waitMs);
    this.waitMs = Math.min(this.waitMs * 2, LONGEST_WAIT_MS);
  }

  private take(frame: Uint8Array): void {
    const decoder = createDecoder(frame);
    const kind = readVarUint(decoder);
    if (kind === SYNC) {
      const answer = createEncoder();
      writeVarUint(answer, SYNC);
      const step = readSyncMessage(decoder, answer, this.doc, this);
      if (step === STEP1) this.sendUpdate(toUint8Array(answer));
      else this.isSynced = true;
    } else if (kind === AWARENESS) {
      applyAwarenessUpdate(this.awareness, readVarUint8Array(decoder), this);
    } else if (kind === WHO_IS_HERE) {
      this.sendPresence([this.doc.clientID]);
    } else if (kind === ACKNOWLEDGED) {
      this.unacknowledged -= 1;
    }
    this.tellPhase();
  }

  private tellPhase(): void {
    if (this.isSynced) this.show(this.unacknowledged > 0 ? 'saving' : 'saved');
  }

  private tellUpdate = (update: Uint8Array, origin: unknown) => {
    if (origin === this || this.socket?.readyState !== WebSocket.OPEN) return;
    const frame = createEncoder();
    writeVarUint(frame, SYNC);
    writeUpdate(frame, update);
    this.sendUpdate(toUint8Array(frame));
    this.tellPhase();
  };

  private sendUpdate(frame: Uint8Array): void {
    this.unacknowledged += 1;
    this.socket?.send(frame as Uint8Array<ArrayBuffer>);
  }

  private tellPresence = ({ added, updated, removed }: Record<'added' | 'updated' | 'removed', number[]>, origin: unknown) => {
    if (origin !== this) this.sendPresence([...added, ...updated, ...removed]);
  };

  private sendPresence(clients: number[]): void {
    const known = clients.filter((client) => this.awareness.meta.has(client));
    if (known.length > 0) this.send(AWARENESS, (frame) => writeVarUint8Array(frame, encodeAwarenessUpdate(this.awareness, known)));
  }

  private send(kind: number, write: (frame: ReturnType<typeof createEncoder>) => void): void {
    if (this.socket?.readyState !== WebSocket.OPEN) return;
    const frame = createEncoder();
    writeVarUint(frame, kind);
    write(frame);
    this.socket.send(toUint8Array(frame) as Uint8Array<ArrayBuffer>);
  }
}
