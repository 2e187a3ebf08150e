// What instance families are for, in words.
import type { TypeObject } from '../api/schema';
import { formatBytes, formatMoney } from '../app/format';

export const FAMILIES: Record<string, { title: string; about: string }> = {
  economy: {
    title: 'Economy',
    about: 'About 40 % cheaper. Half of each vCPU is guaranteed; the rest is used when neighbours leave it free. Memory is all yours.',
  },
  general: { title: 'General', about: 'Full vCPUs with balanced memory, for web servers and back ends.' },
  compute: { title: 'Compute', about: 'More vCPUs for each GiB of memory, for builds and number work.' },
  memory: { title: 'Memory', about: '8 GiB for each vCPU, for caches and databases.' },
};

export const FAMILY_ORDER = ['economy', 'general', 'compute', 'memory'];

export function familiesOf(types: TypeObject[]): string[] {
  const found = new Set(types.map((type) => type.family));
  return [...FAMILY_ORDER.filter((name) => found.has(name)), ...[...found].filter((name) => !FAMILY_ORDER.includes(name))];
}

export function shapeOf(type: TypeObject): string {
  return `${type.vcpus} vCPU, ${formatBytes(type.memory_bytes)}`;
}

export function hourly(type: TypeObject, count = 1): string {
  if (type.price_per_hour === null) return 'no price';
  return `${formatMoney(Number(type.price_per_hour) * count, type.currency, 4)} an hour`;
}
