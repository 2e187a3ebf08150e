// How events repeat and when they remind: the choices of the form, and words for them.
import { t, type TextKey } from '../i18n/text';

interface Option {
  value: string;
  label: string;
}

const RULES: [string, TextKey][] = [
  ['', 'repeatsNot'],
  ['FREQ=DAILY', 'repeatsDaily'],
  ['FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR', 'repeatsWorkdays'],
  ['FREQ=WEEKLY', 'repeatsWeekly'],
  ['FREQ=WEEKLY;INTERVAL=2', 'repeatsFortnightly'],
  ['FREQ=MONTHLY', 'repeatsMonthly'],
  ['FREQ=YEARLY', 'repeatsYearly'],
];
const REMINDERS = ['-1', '0', '5', '10', '30', '60', '1440'];

export function ruleText(rule: string): string {
  const known = RULES.find(([value]) => value === rule && value !== '');
  return known ? t(known[1]) : rule || t('onOtherDays');
}

function reminderText(minutes: number): string {
  if (minutes < 0) return t('reminderNone');
  if (minutes === 0) return t('reminderAtStart');
  if (minutes === 60) return t('reminderHour');
  return minutes === 1440 ? t('reminderDay') : t('reminderMinutes', { count: minutes });
}

// A choice that has what is chosen, whatever program chose it.
function withOwn(options: Option[], value: string, label: string): Option[] {
  return options.some((item) => item.value === value) ? options : [...options, { value, label }];
}

export function repeatOptions(chosen: string): Option[] {
  const options = RULES.map(([value, key]) => ({ value, label: t(key) }));
  return withOwn(options, chosen, chosen);
}

export function reminderOptions(chosen: string): Option[] {
  const options = REMINDERS.map((value) => ({ value, label: reminderText(Number(value)) }));
  return withOwn(options, chosen, reminderText(Number(chosen)));
}
