// Times of messages as people say them.
import { dateOf } from './types';

const CLOCK = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit' });
const FULL = new Intl.DateTimeFormat(undefined, { dateStyle: 'full', timeStyle: 'medium' });
const DAY = new Intl.DateTimeFormat(undefined, { weekday: 'long', month: 'long', day: 'numeric' });
const DAY_AND_YEAR = new Intl.DateTimeFormat(undefined, { dateStyle: 'long' });
const DAY_MS = 86_400_000;

export const clockTime = (ts: string): string => CLOCK.format(dateOf(ts));
export const fullTime = (ts: string): string => FULL.format(dateOf(ts));

export function isSameDay(left: string, right: string): boolean {
  return dateOf(left).toDateString() === dateOf(right).toDateString();
}

export function dayName(ts: string, now = new Date()): string {
  const date = dateOf(ts);
  if (date.toDateString() === now.toDateString()) return 'Today';
  if (date.toDateString() === new Date(now.getTime() - DAY_MS).toDateString()) return 'Yesterday';
  return (date.getFullYear() === now.getFullYear() ? DAY : DAY_AND_YEAR).format(date);
}

// For the middle of a sentence.
export function relativeDay(ts: string): string {
  const name = dayName(ts);
  return name === 'Today' || name === 'Yesterday' ? name.toLowerCase() : `on ${name}`;
}
