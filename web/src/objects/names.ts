// S3's rules for bucket names, and what a key's name says of its kind.
import { t } from '../i18n/text';

export function bucketNameProblem(name: string): string | null {
  if (name.length < 3 || name.length > 63) return t('use3To63');
  if (!/^[a-z0-9.-]+$/.test(name)) return t('useLowerCaseLetters');
  if (!/^[a-z0-9].*[a-z0-9]$/.test(name)) return t('beginAndEndWith');
  if (/\.\.|\.-|-\./.test(name)) return t('aDotStandsBetween');
  if (/^\d+\.\d+\.\d+\.\d+$/.test(name)) return t('itMustNotLook');
  if (/^(xn--|sthree-|amzn-s3-demo-)|(-s3alias|--ol-s3|--x-s3|\.mrap)$/.test(name)) return t('thisBeginningOrEnd');
  return null;
}

export type Kind = 'image' | 'csv' | 'markdown' | 'json' | 'text' | 'pdf' | 'video' | 'audio' | 'other';

const BY_EXTENSION: Record<string, [Kind, string]> = {
  avif: ['image', 'image/avif'],
  gif: ['image', 'image/gif'],
  jpeg: ['image', 'image/jpeg'],
  jpg: ['image', 'image/jpeg'],
  png: ['image', 'image/png'],
  svg: ['image', 'image/svg+xml'],
  webp: ['image', 'image/webp'],
  csv: ['csv', 'text/csv'],
  tsv: ['csv', 'text/tab-separated-values'],
  md: ['markdown', 'text/markdown'],
  markdown: ['markdown', 'text/markdown'],
  json: ['json', 'application/json'],
  jsonl: ['text', 'application/x-ndjson'],
  log: ['text', 'text/plain'],
  py: ['text', 'text/x-python'],
  sh: ['text', 'text/x-shellscript'],
  sql: ['text', 'text/x-sql'],
  toml: ['text', 'text/plain'],
  ts: ['text', 'text/plain'],
  txt: ['text', 'text/plain'],
  xml: ['text', 'application/xml'],
  yaml: ['text', 'application/yaml'],
  yml: ['text', 'application/yaml'],
  html: ['text', 'text/html'],
  css: ['text', 'text/css'],
  js: ['text', 'text/javascript'],
  pdf: ['pdf', 'application/pdf'],
  mp4: ['video', 'video/mp4'],
  webm: ['video', 'video/webm'],
  mp3: ['audio', 'audio/mpeg'],
  ogg: ['audio', 'audio/ogg'],
  wav: ['audio', 'audio/wav'],
};

function extensionOf(key: string): string {
  const name = lastPart(key);
  return name.includes('.') ? name.slice(name.lastIndexOf('.') + 1).toLowerCase() : '';
}

export function contentTypeOf(file: File): string {
  return file.type || BY_EXTENSION[extensionOf(file.name)]?.[1] || 'application/octet-stream';
}

// The stored content type decides where it says something, else the name's ending.
export function kindOf(key: string, contentType = ''): Kind {
  const bare = contentType.split(';')[0]!.trim().toLowerCase();
  for (const [kind, type] of Object.values(BY_EXTENSION)) if (type === bare && bare !== 'text/plain') return kind;
  for (const start of ['image', 'video', 'audio'] as const) if (bare.startsWith(`${start}/`)) return start;
  const named = BY_EXTENSION[extensionOf(key)]?.[0];
  if (named) return named;
  return bare.startsWith('text/') ? 'text' : 'other';
}

// `a/b/c.txt` is c.txt, `a/b/` is b.
export function lastPart(key: string): string {
  return key.replace(/\/$/, '').split('/').pop() ?? key;
}

export function objectUrl(bucket: string, key: string, query = ''): string {
  return `/volano/v1/buckets/${encodeURIComponent(bucket)}/objects/${encodeURIComponent(key)}${query}`;
}
