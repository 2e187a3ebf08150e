// Numbers, sizes, money and times as people read them.
import { getLocale, writeDate, writeNumber } from '../i18n/dates';

const SIZE_UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'];

export function formatBytes(bytes: number): string {
  let value = bytes;
  let unit = 0;
  while (value >= 1024 && unit < SIZE_UNITS.length - 1) {
    value /= 1024;
    unit += 1;
  }
  const digits = unit === 0 || value >= 10 ? 0 : 1;
  return `${writeNumber(value, { minimumFractionDigits: digits, maximumFractionDigits: digits, useGrouping: false })} ${SIZE_UNITS[unit]}`;
}

// Money comes as an exact decimal string; only what is shown is rounded.
export function formatMoney(amount: string | number, currency = 'USD', digits = 2): string {
  const value = Number(amount);
  const shown = value !== 0 && Math.abs(value) < 0.01 && digits === 2 ? 6 : digits;
  return writeNumber(value, { style: 'currency', currency, minimumFractionDigits: 2, maximumFractionDigits: shown });
}

export function formatTime(us: number): string {
  return writeDate(new Date(us / 1000), { dateStyle: 'medium', timeStyle: 'short' });
}

export function formatAgo(us: number): string {
  const seconds = Math.max(0, (Date.now() * 1000 - us) / 1e6);
  const steps: [number, Intl.RelativeTimeFormatUnit][] = [[60, 'second'], [3600, 'minute'], [86_400, 'hour'], [2_592_000, 'day'], [31_536_000, 'month'], [Infinity, 'year']];
  const sizes = [1, 60, 3600, 86_400, 2_592_000, 31_536_000];
  const index = steps.findIndex(([limit]) => seconds < limit);
  const [, unit] = steps[index]!;
  return new Intl.RelativeTimeFormat(getLocale(), { numeric: 'auto' }).format(-Math.round(seconds / sizes[index]!), unit);
}
