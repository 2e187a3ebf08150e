// Months as the bill names them (2026-11), and the bill as a file.
import type { BillObject } from '../api/schema';
import { writeDate } from '../i18n/dates';

const MONTHS_BACK = 24;

export function thisMonth(): string {
  return new Date().toISOString().slice(0, 7);
}

// The newest first.
export function monthsUpTo(last: string): string[] {
  const [year, month] = last.split('-').map(Number) as [number, number];
  return Array.from({ length: MONTHS_BACK }, (_, back) => new Date(Date.UTC(year, month - 1 - back, 1)).toISOString().slice(0, 7));
}

export function monthName(period: string): string {
  return writeDate(new Date(`${period}-01T00:00:00Z`), { month: 'long', year: 'numeric', timeZone: 'UTC' });
}

export function billCsv(bill: BillObject): string {
  const head = ['account', 'period', 'service', 'meter', 'text', 'quantity', 'unit', 'price', 'cost', 'currency'];
  const rows = bill.lines.map((line) => [bill.account, bill.period, line.service, line.meter, line.text, line.quantity, line.unit, line.price, line.cost, bill.currency]);
  return [head, ...rows].map((row) => row.map(quoted).join(',')).join('\r\n') + '\r\n';
}

function quoted(field: string): string {
  return /[",\r\n]/.test(field) ? `"${field.replaceAll('"', '""')}"` : field;
}
