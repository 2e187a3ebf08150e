// Dates and numbers as the chosen language writes them, in the browser's own variety of it (en-GB, zh-TW)
// where the reader has one.
import { getLanguage } from './text';

const dates = new Map<string, Intl.DateTimeFormat>();

export function getLocale(): string {
  const language = getLanguage();
  return navigator.languages.find((code) => code.split('-')[0] === language) ?? language;
}

// Making a format takes long, so each is kept.
export function writeDate(date: Date, options: Intl.DateTimeFormatOptions): string {
  const locale = getLocale();
  const key = locale + JSON.stringify(options);
  const format = dates.get(key) ?? new Intl.DateTimeFormat(locale, options);
  dates.set(key, format);
  return format.format(date);
}

export function writeNumber(value: number | bigint, options: Intl.NumberFormatOptions = {}): string {
  return new Intl.NumberFormat(getLocale(), options).format(value);
}

// "a, b and c", or with "or".
export function writeList(items: string[], type: 'conjunction' | 'disjunction' = 'conjunction'): string {
  return new Intl.ListFormat(getLocale(), { type }).format(items);
}
