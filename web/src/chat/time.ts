// Times of messages as people say them.
import { writeDate } from '../i18n/dates';
import { t } from '../i18n/text';
import { dateOf } from './types';

const CLOCK: Intl.DateTimeFormatOptions = { hour: '2-digit', minute: '2-digit' };
const FULL: Intl.DateTimeFormatOptions = { dateStyle: 'full', timeStyle: 'medium' };
const DAY: Intl.DateTimeFormatOptions = { weekday: 'long', month: 'long', day: 'numeric' };
const DAY_AND_YEAR: Intl.DateTimeFormatOptions = { dateStyle: 'long' };

const DAY_MS = 86_400_000;

export const clockTime = (ts: string): string => writeDate(dateOf(ts), CLOCK);
export const fullTime = (ts: string): string => writeDate(dateOf(ts), FULL);

export function isSameDay(left: string, right: string): boolean {
  return dateOf(left).toDateString() === dateOf(right).toDateString();
}

export function dayName(ts: string, now = new Date()): string {
  const date = dateOf(ts);
  if (date.toDateString() === now.toDateString()) return t('today');
  if (date.toDateString() === new Date(now.getTime() - DAY_MS).toDateString()) return t('yesterday');
  return writeDate(date, date.getFullYear() === now.getFullYear() ? DAY : DAY_AND_YEAR);
}

// For the middle of a sentence.
export function relativeDay(ts: string): string {
  const name = dayName(ts);
  if (name === t('today')) return t('justToday');
  return name === t('yesterday') ? t('justYesterday') : t('onDay', { day: name });
}
