// The one way the console talks to Volano: public APIs only, with the session cookie and its CSRF
// token. Errors of every door become ApiError with a message that a person can act on.
import { t } from '../i18n/text';

export class ApiError extends Error {
  constructor(
    message: string,
    readonly status: number,
    readonly code: string,
    readonly requestId: string = '',
  ) {
    super(message);
  }
}

let csrf = '';
const signedOutListeners = new Set<() => void>();

export function setCsrf(token: string): void {
  csrf = token;
}

export function getCsrf(): string {
  return csrf;
}

export function onSignedOut(listener: () => void): () => void {
  signedOutListeners.add(listener);
  return () => signedOutListeners.delete(listener);
}

export async function send(method: string, path: string, init: RequestInit = {}): Promise<Response> {
  const headers = new Headers(init.headers);
  if (method !== 'GET' && method !== 'HEAD') headers.set('x-volano-csrf', csrf);
  const reply = await fetchAgain(path, { ...init, method, headers, credentials: 'same-origin' });
  if (!reply.ok) throw await errorOf(reply, path);
  return reply;
}

// A browser on the same machine drops its connections when an instance's network comes or goes
// (ERR_NETWORK_CHANGED): reading is tried again, a change never.
const READ_TRIES = 3;

async function fetchAgain(path: string, init: RequestInit): Promise<Response> {
  const tries = init.method === 'GET' || init.method === 'HEAD' ? READ_TRIES : 1;
  for (let turn = 1; ; turn += 1) {
    try {
      return await fetch(path, init);
    } catch (error) {
      if (init.signal?.aborted) throw error;
      if (turn >= tries) throw new ApiError(t('unreachable'), 0, 'unreachable');
      await new Promise((resolve) => setTimeout(resolve, 150 * turn));
    }
  }
}

async function errorOf(reply: Response, path: string): Promise<ApiError> {
  const body: unknown = await reply.json().catch(() => ({}));
  const record = (typeof body === 'object' && body !== null ? body : {}) as Record<string, unknown>;
  const inner = (typeof record.error === 'object' && record.error !== null ? record.error : record) as Record<string, unknown>;
  const message = String(inner.detail ?? inner.message ?? t('serverAnswered', { status: reply.status }));
  if (reply.status === 401 && !path.startsWith('/volano/v1/session')) signedOutListeners.forEach((tell) => tell());
  return new ApiError(message, reply.status, String(inner.code ?? ''), String(record.request_id ?? ''));
}

export type Query = Record<string, string | number | boolean | null | undefined>;

export function withQuery(path: string, query: Query = {}): string {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined && value !== null && value !== '') search.set(name, String(value));
  }
  const text = search.toString();
  return text ? `${path}?${text}` : path;
}

async function json<T>(method: string, path: string, body?: unknown, more: RequestInit = {}): Promise<T> {
  const init: RequestInit =
    body === undefined ? {} : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } };
  const reply = await send(method, path, { ...init, ...more });
  return (reply.status === 204 ? undefined : await reply.json()) as T;
}

const REST = '/volano/v1';

export const rest = {
  get: <T>(path: string, query?: Query) => json<T>('GET', withQuery(REST + path, query)),
  post: <T>(path: string, body: unknown = {}) => json<T>('POST', REST + path, body),
  put: <T>(path: string, body: unknown = {}) => json<T>('PUT', REST + path, body),
  patch: <T>(path: string, body: unknown = {}) => json<T>('PATCH', REST + path, body),
  delete: <T>(path: string, query?: Query) => json<T>('DELETE', withQuery(REST + path, query)),
};

// Slack's Web API: HTTP 200 with `ok`, whatever happened.
export async function slack<T>(method: string, body: Record<string, unknown> = {}, more: RequestInit = {}): Promise<T> {
  const answer = await json<{ ok: boolean; error?: string } & T>('POST', `/api/${method}`, body, more);
  if (!answer.ok) throw new ApiError(slackMessage(answer.error ?? 'failed'), 200, answer.error ?? 'failed');
  return answer;
}

function slackMessage(code: string): string {
  return code.replaceAll('_', ' ');
}

export const openai = {
  get: <T>(path: string) => json<T>('GET', `/v1${path}`),
  post: <T>(path: string, body: unknown) => json<T>('POST', `/v1${path}`, body),
};

// Server-sent events of a POST: yields each `data:` as parsed JSON until `[DONE]`.
export async function* stream<T extends object>(path: string, body: unknown, signal: AbortSignal): AsyncGenerator<T> {
  const reply = await send('POST', path, {
    body: JSON.stringify(body),
    headers: { 'content-type': 'application/json' },
    signal,
  });
  const reader = reply.body!.pipeThrough(new TextDecoderStream()).getReader();
  let buffer = '';
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    buffer += value;
    const lines = buffer.split('\n');
    buffer = lines.pop() ?? '';
    for (const line of lines) {
      if (!line.startsWith('data: ')) continue;
      const data = line.slice(6);
      if (data === '[DONE]') return;
      const parsed = JSON.parse(data) as { error?: { message: string } };
      if (parsed.error) throw new ApiError(parsed.error.message, 200, 'stream');
      yield parsed as T;
    }
  }
}

// Upload one file with progress; fetch cannot report it, so this is XMLHttpRequest.
export function upload(path: string, file: Blob, onProgress: (fraction: number) => void, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open('PUT', REST + path);
    request.setRequestHeader('x-volano-csrf', csrf);
    request.setRequestHeader('content-type', file.type || 'application/octet-stream');
    request.upload.onprogress = (event) => event.lengthComputable && onProgress(event.loaded / event.total);
    request.onload = () => {
      if (request.status < 300) return resolve();
      let message = t('serverAnswered', { status: request.status });
      try {
        message = (JSON.parse(request.responseText) as { detail?: string }).detail ?? message;
      } catch {
        // not JSON: the status has to do
      }
      reject(new ApiError(message, request.status, ''));
    };
    request.onerror = () => reject(new ApiError(t('uploadBroke'), 0, 'unreachable'));
    request.onabort = () => reject(new ApiError(t('uploadStopped'), 0, 'aborted'));
    signal?.addEventListener('abort', () => request.abort());
    request.send(file);
  });
}
