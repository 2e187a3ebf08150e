// What instance families are for, in words.
import type { TypeObject } from '../api/schema';
import { formatBytes, formatMoney } from '../app/format';
import { t, type TextKey } from '../i18n/text';

export const FAMILIES: Record<string, { title: TextKey; about: TextKey }> = {
  economy: {
    title: 'familyEconomy',
    about: 'familyEconomyAbout',
  },
  general: { title: 'familyGeneral', about: 'familyGeneralAbout' },
  compute: { title: 'familyCompute', about: 'familyComputeAbout' },
  memory: { title: 'familyMemory', about: 'familyMemoryAbout' },
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
  if (type.price_per_hour === null) return t('noPrice');
  return t('moneyAnHour', { money: formatMoney(Number(type.price_per_hour) * count, type.currency, 4) });
}
