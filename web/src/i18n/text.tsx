// Texts of the pages in the reader's language. A language is one JSON file beside this one; `en.json`
// says which texts there are. `{name}` stands for a value; a key with `_one` (or another of CLDR's plural
// words) behind it is taken when `count` asks for that form.
import { Fragment, useSyncExternalStore, type ReactNode } from 'react';

import en from './en.json';

type Texts = Record<string, string>;
export type TextKey = Exclude<keyof typeof en, `${string}_one`>;
export type Values = Record<string, string | number>;

const files = import.meta.glob<Texts>('./*.json', { eager: true, import: 'default' });
const languages = new Map(Object.entries(files).map(([path, texts]) => [path.slice(2, -5), texts]));

// Every language that there is, by its code, with its own name for itself.
export const LANGUAGES = [...languages].map(([code, texts]) => ({ code, name: texts.languageName ?? code }));

const KEPT = 'volano.language';
const listeners = new Set<() => void>();
let current = firstLanguage();
document.documentElement.lang = current;

function firstLanguage(): string {
  const wanted = [localStorage.getItem(KEPT) ?? '', ...navigator.languages];
  return wanted.map((code) => code.split('-')[0]!).find((code) => languages.has(code)) ?? 'en';
}

export function getLanguage(): string {
  return current;
}

export function setLanguage(code: string): void {
  if (!languages.has(code) || code === current) return;
  current = code;
  localStorage.setItem(KEPT, code);
  document.documentElement.lang = code;
  listeners.forEach((tell) => tell());
}

// The language now; whoever uses it is drawn again when it changes.
export function useLanguage(): string {
  return useSyncExternalStore((tell) => {
    listeners.add(tell);
    return () => listeners.delete(tell);
  }, getLanguage);
}

function templateOf(key: TextKey, count: unknown): string {
  const texts = languages.get(current) ?? en;
  const form = typeof count === 'number' ? new Intl.PluralRules(current).select(count) : '';
  return (texts as Texts)[`${key}_${form}`] ?? (texts as Texts)[key] ?? en[key];
}

export function t(key: TextKey, values: Values = {}): string {
  return templateOf(key, values.count).replace(/\{(\w+)\}/g, (whole, name: string) => String(values[name] ?? whole));
}

// A text with elements in its midst.
export function Say({ text, values }: { text: TextKey; values: Record<string, ReactNode> }) {
  return templateOf(text, values.count)
    .split(/(\{\w+\})/)
    .map((piece, index) => <Fragment key={index}>{index % 2 === 1 ? values[piece.slice(1, -1)] : piece}</Fragment>);
}
