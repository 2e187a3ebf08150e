// Times that people choose when something is to come later.
import type { TextKey } from '../../i18n/text';

const HOUR_S = 3600;

export function timesFrom(now: Date): [TextKey, Date][] {
  const morning = new Date(now);
  morning.setDate(morning.getDate() + 1);
  morning.setHours(9, 0, 0, 0);
  const monday = new Date(morning);
  monday.setDate(monday.getDate() + ((8 - monday.getDay()) % 7));
  return [
    ['in20Minutes', new Date(now.getTime() + 20 * 60_000)],
    ['in1Hour', new Date(now.getTime() + HOUR_S * 1000)],
    ['in3Hours', new Date(now.getTime() + 3 * HOUR_S * 1000)],
    ['tomorrowMorning', morning],
    ['mondayMorning', monday],
  ];
}
