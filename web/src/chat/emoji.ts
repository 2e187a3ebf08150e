// The emoji that people use most, by Slack's names.

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

export function emojiOf(name: string): string | undefined {
  return EMOJI[name.split('::')[0]!];
}
