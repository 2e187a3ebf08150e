// The uploads of this browser tab. They go on while other pages are shown; a few at a time.
import { useSyncExternalStore } from 'react';

import { ApiError, upload } from '../api/client';
import { messageOf } from '../app/parts';
import { contentTypeOf } from './names';

const AT_ONCE = 3;

export interface Upload {
  id: number;
  bucket: string;
  key: string;
  size: number;
  fraction: number;
  state: 'waiting' | 'sending' | 'done' | 'failed' | 'stopped';
  problem: string;
}

interface Source {
  file: File;
  abort: AbortController;
  onDone: () => void;
}

let rows: Upload[] = [];
let lastId = 0;
const sources = new Map<number, Source>();
const listeners = new Set<() => void>();

function change(id: number, part: Partial<Upload>): void {
  rows = rows.map((row) => (row.id === id ? { ...row, ...part } : row));
  listeners.forEach((tell) => tell());
}

export function addUploads(bucket: string, files: { key: string; file: File }[], onDone: () => void): void {
  for (const { key, file } of files) {
    lastId += 1;
    sources.set(lastId, { file, abort: new AbortController(), onDone });
    rows = [...rows, { id: lastId, bucket, key, size: file.size, fraction: 0, state: 'waiting', problem: '' }];
  }
  listeners.forEach((tell) => tell());
  sendNext();
}

function sendNext(): void {
  const sending = rows.filter((row) => row.state === 'sending').length;
  rows.filter((row) => row.state === 'waiting').slice(0, Math.max(0, AT_ONCE - sending)).forEach((row) => void send(row));
}

async function send(row: Upload): Promise<void> {
  const source = sources.get(row.id)!;
  change(row.id, { state: 'sending' });
  try {
    const body = new File([source.file], source.file.name, { type: contentTypeOf(source.file) });
    const path = `/buckets/${encodeURIComponent(row.bucket)}/objects/${encodeURIComponent(row.key)}`;
    await sendTwice(() => upload(path, body, (fraction) => change(row.id, { fraction }), source.abort.signal));
    change(row.id, { state: 'done', fraction: 1 });
    source.onDone();
  } catch (error) {
    const stopped = source.abort.signal.aborted;
    change(row.id, { state: stopped ? 'stopped' : 'failed', problem: stopped ? '' : messageOf(error) });
  }
  sendNext();
}

// Storing the same bytes under the same key twice does no harm, so a lost connection is tried again.
async function sendTwice(work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (!(error instanceof ApiError) || error.code !== 'unreachable') throw error;
    await work();
  }
}

export function stopUpload(id: number): void {
  sources.get(id)?.abort.abort();
  if (rows.find((row) => row.id === id)?.state === 'waiting') change(id, { state: 'stopped' });
}

export function retryUpload(id: number): void {
  const source = sources.get(id);
  if (!source) return;
  source.abort = new AbortController();
  change(id, { state: 'waiting', fraction: 0, problem: '' });
  sendNext();
}

export const isOpen = (row: Upload) => row.state === 'waiting' || row.state === 'sending';

export function clearUploads(): void {
  rows.filter((row) => !isOpen(row)).forEach((row) => sources.delete(row.id));
  rows = rows.filter(isOpen);
  listeners.forEach((tell) => tell());
}

export function useUploads(): Upload[] {
  return useSyncExternalStore(
    (tell) => {
      listeners.add(tell);
      return () => listeners.delete(tell);
    },
    () => rows,
  );
}

// Files of a drop, folders walked through; keys are relative to what was dropped.
export async function droppedFiles(items: DataTransferItemList): Promise<{ key: string; file: File }[]> {
  const entries = [...items].map((item) => item.webkitGetAsEntry()).filter((entry) => entry !== null);
  return (await Promise.all(entries.map((entry) => walk(entry)))).flat();
}

async function walk(entry: FileSystemEntry, prefix = ''): Promise<{ key: string; file: File }[]> {
  if (entry.isFile) {
    const file = await new Promise<File>((resolve, reject) => (entry as FileSystemFileEntry).file(resolve, reject));
    return [{ key: prefix + entry.name, file }];
  }
  const reader = (entry as FileSystemDirectoryEntry).createReader();
  const found: { key: string; file: File }[] = [];
  for (;;) {
    const batch = await new Promise<FileSystemEntry[]>((resolve, reject) => reader.readEntries(resolve, reject));
    if (batch.length === 0) return found;
    for (const child of batch) found.push(...(await walk(child, `${prefix}${entry.name}/`)));
  }
}
