// The emoji that people use most, by Slack's names; all others are loaded when one is asked for.
import { useEffect, useState } from 'react';

type Everything = typeof import('./emojiData');

export const EMOJI: Record<string, string> = {
  '+1': '👍', thumbsup: '👍', '-1': '👎', thumbsdown: '👎', heart: '❤️', joy: '😂', smile: '😄', smiley: '😃', grin: '😁', grinning: '😀',
  slightly_smiling_face: '🙂', wink: '😉', blush: '😊', heart_eyes: '😍', star_struck: '🤩', thinking_face: '🤔', sweat_smile: '😅', sob: '😭',
  cry: '😢', scream: '😱', rage: '😡', sunglasses: '😎', sleeping: '😴', shrug: '🤷', facepalm: '🤦', pray: '🙏', clap: '👏', wave: '👋',
  raised_hands: '🙌', muscle: '💪', ok_hand: '👌', point_up: '☝️', point_right: '👉', eyes: '👀', brain: '🧠', fire: '🔥', tada: '🎉',
  sparkles: '✨', star: '⭐', rocket: '🚀', zap: '⚡', bulb: '💡', boom: '💥', '100': '💯', white_check_mark: '✅', heavy_check_mark: '✔️',
  x: '❌', warning: '⚠️', question: '❓', exclamation: '❗', no_entry: '⛔', red_circle: '🔴', large_green_circle: '🟢', large_yellow_circle: '🟡',
  bug: '🐛', hammer: '🔨', wrench: '🔧', gear: '⚙️', package: '📦', computer: '💻', floppy_disk: '💾', lock: '🔒', key: '🔑', mag: '🔍',
  link: '🔗', memo: '📝', book: '📖', calendar: '📅', chart_with_upwards_trend: '📈', chart_with_downwards_trend: '📉', bar_chart: '📊',
  email: '📧', phone: '📞', bell: '🔔', loudspeaker: '📢', speech_balloon: '💬', hourglass: '⌛', stopwatch: '⏱️', moneybag: '💰', gift: '🎁',
  coffee: '☕', beer: '🍺', pizza: '🍕', cake: '🍰', apple: '🍎', sunny: '☀️', cloud: '☁️', snowflake: '❄️', rainbow: '🌈', earth_africa: '🌍',
  cat: '🐱', dog: '🐶', penguin: '🐧', crab: '🦀', snake: '🐍', whale: '🐳', bicyclist: '🚴', car: '🚗', airplane: '✈️', house: '🏠', trophy: '🏆',
  checkered_flag: '🏁', arrow_right: '➡️', arrow_up: '⬆️', arrow_down: '⬇️', recycle: '♻️', robot_face: '🤖', ghost: '👻', skull: '💀',
};

export const QUICK = ['+1', 'heart', 'tada'];

// Keys that look like numbers come first in every object; here they come last.
const NOT_FIRST = new Set(['thumbsup', 'thumbsdown', '100']);
export const PICKABLE = [...Object.keys(EMOJI).filter((name) => !NOT_FIRST.has(name)), '100'];

let everything: Everything | null = null;

export async function loadEverything(): Promise<Everything> {
  everything ??= await import('./emojiData');
  return everything;
}

export const everythingNow = () => everything;

// What is known at once; the rest after `loadEverything`.
export function emojiOf(name: string): string | undefined {
  return everything?.nativeOf(name) ?? EMOJI[name.split('::')[0]!];
}

// The table of all emoji once it is wanted.
export function useEverything(isWanted: boolean): Everything | null {
  const [found, setFound] = useState(everything);
  useEffect(() => {
    if (isWanted && found === null) void loadEverything().then(setFound);
  }, [isWanted, found]);
  return found;
}

export interface FoundEmoji {
  name: string;
  native: string;
}

// By name first, then by the words that describe it.
export function searchEmoji(words: string, all: Everything | null, limit: number): FoundEmoji[] {
  if (all === null) return PICKABLE.filter((name) => name.includes(words)).slice(0, limit).map((name) => ({ name, native: EMOJI[name]! }));
  const rank = ({ name, words: known }: { name: string; words: string }) => (name === words ? 0 : name.startsWith(words) ? 1 : name.includes(words) ? 2 : known.includes(words.replaceAll('_', ' ')) ? 3 : 9);
  return all.ENTRIES.map((entry) => ({ entry, at: rank(entry) }))
    .filter(({ at }) => at < 9)
    .sort((a, b) => a.at - b.at)
    .slice(0, limit)
    .map(({ entry }) => entry);
}
