// Every emoji of Unicode by Slack's names, loaded when the picker is opened first.
import data from '@emoji-mart/data/sets/15/native.json';

interface Item {
  id: string;
  name: string;
  keywords: string[];
  skins: { native: string }[];
}

export interface EmojiEntry {
  name: string;
  native: string;
  words: string; // what it is found by
  category: string;
}

const items = data.emojis as unknown as Record<string, Item>;

export const CATEGORIES = data.categories.map(({ id, emojis }) => ({ id, emojis: emojis as string[] }));

export const ENTRIES: EmojiEntry[] = CATEGORIES.flatMap(({ id: category, emojis }) =>
  emojis.map((id) => {
    const item = items[id]!;
    return { name: item.id, native: item.skins[0]!.native, words: `${item.id} ${item.name} ${item.keywords.join(' ')}`.toLowerCase(), category };
  }),
);

const SKINS = ['🏻', '🏼', '🏽', '🏾', '🏿'];
const byName = new Map<string, Item>(Object.values(items).map((item) => [item.id, item]));
for (const [alias, id] of Object.entries(data.aliases as Record<string, string>)) {
  const item = items[id];
  if (item) byName.set(alias, item);
}

// `+1`, `wave::skin-tone-3`, `flag-it`.
export function nativeOf(name: string): string | undefined {
  const [id = '', tone = ''] = name.split('::');
  const item = byName.get(id);
  if (item === undefined) return undefined;
  const index = Number(tone.replace('skin-tone-', ''));
  return item.skins[index >= 2 && index <= 6 ? index - 1 : 0]?.native ?? `${item.skins[0]!.native}${SKINS[index - 2] ?? ''}`;
}
