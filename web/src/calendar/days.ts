// Days as people count them here: weeks from Monday, times in the browser's zone.
import type { OccurrenceView } from '../api/schema';
import { writeDate } from '../i18n/dates';
import { t } from '../i18n/text';

export const ZONE = Intl.DateTimeFormat().resolvedOptions().timeZone || 'UTC';
const DAY_MS = 86_400_000;

export function midnight(at: Date): Date {
  return new Date(at.getFullYear(), at.getMonth(), at.getDate());
}

export function addDays(at: Date, days: number): Date {
  return new Date(at.getFullYear(), at.getMonth(), at.getDate() + days);
}

export function firstOfWeek(at: Date): Date {
  return addDays(at, -((at.getDay() + 6) % 7));
}

export function weekOf(at: Date): Date[] {
  const first = firstOfWeek(at);
  return Array.from({ length: 7 }, (_, index) => addDays(first, index));
}

// Whole weeks that hold the month.
export function monthOf(at: Date): Date[] {
  const first = firstOfWeek(new Date(at.getFullYear(), at.getMonth(), 1));
  const last = new Date(at.getFullYear(), at.getMonth() + 1, 0);
  const weeks = Math.ceil((last.getTime() - first.getTime() + DAY_MS) / (7 * DAY_MS));
  return Array.from({ length: weeks * 7 }, (_, index) => addDays(first, index));
}

export function isoDay(at: Date): string {
  const two = (value: number) => String(value).padStart(2, '0');
  return `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`;
}

export function isoTime(at: Date): string {
  return at.toTimeString().slice(0, 5);
}

// All-day events lie between midnights of UTC and mean days, wherever one is.
function local(us: number, allDay: boolean): Date {
  const at = new Date(us / 1000);
  return allDay ? new Date(at.getUTCFullYear(), at.getUTCMonth(), at.getUTCDate()) : at;
}

export function startOf(item: OccurrenceView): Date {
  return local(item.starts_us, item.all_day);
}

export function endOf(item: OccurrenceView): Date {
  return local(item.ends_us, item.all_day);
}

export function isOn(item: OccurrenceView, day: Date): boolean {
  const next = addDays(day, 1);
  const start = startOf(item);
  return start < next && (endOf(item) > day || start.getTime() === day.getTime());
}

function clockText(at: Date): string {
  return writeDate(at, { hour: '2-digit', minute: '2-digit' });
}

export function startText(item: OccurrenceView): string {
  return clockText(startOf(item));
}

export function timeText(item: OccurrenceView): string {
  if (item.all_day) return t('allDay');
  return `${startText(item)} – ${clockText(endOf(item))}`;
}

export function dayText(day: Date): string {
  return writeDate(day, { weekday: 'long', day: 'numeric', month: 'long' });
}

// Which column of how many each timed event of a day gets, so that none lies on another.
export function lanesOf(items: OccurrenceView[]): Map<OccurrenceView, { lane: number; lanes: number }> {
  const placed = new Map<OccurrenceView, { lane: number; lanes: number }>();
  let group: OccurrenceView[] = [];
  let ends: number[] = [];
  const close = () => {
    for (const item of group) placed.get(item)!.lanes = ends.length;
    group = [];
    ends = [];
  };
  for (const item of [...items].sort((a, b) => a.starts_us - b.starts_us)) {
    if (ends.length > 0 && Math.max(...ends) <= item.starts_us) close();
    const free = ends.findIndex((end) => end <= item.starts_us);
    const lane = free < 0 ? ends.length : free;
    ends[lane] = item.ends_us;
    placed.set(item, { lane, lanes: 1 });
    group.push(item);
  }
  close();
  return placed;
}
