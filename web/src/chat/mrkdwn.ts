// Slack's message text as a tree. Only what is listed here can come out, so a text is never HTML.

export type Inline =
  | { kind: 'text'; text: string }
  | { kind: 'code'; text: string }
  | { kind: 'bold' | 'italic' | 'strike'; inner: Inline[] }
  | { kind: 'link'; url: string; text: string }
  | { kind: 'user' | 'channel' | 'broadcast' | 'emoji'; id: string; label: string };

export type Part =
  | { kind: 'lines'; inner: Inline[] }
  | { kind: 'pre'; text: string; language: string }
  | { kind: 'quote'; inner: Inline[] }
  | { kind: 'list'; isNumbered: boolean; items: Inline[][] };

const TOKEN = new RegExp(
  [
    '`([^`\\n]+)`',
    '<([^<>\\n]+)>',
    ':([a-z0-9_+-]+(?:::skin-tone-\\d)?):',
    '(?<![\\w*])\\*(?=\\S)([^*\\n]*?\\S)\\*(?![\\w*])',
    '(?<![\\w_])_(?=\\S)([^_\\n]*?\\S)_(?![\\w_])',
    '(?<![\\w~])~(?=\\S)([^~\\n]*?\\S)~(?![\\w~])',
  ].join('|'),
  'g',
);

export function parseMrkdwn(text: string): Part[] {
  return text.split(/```([\s\S]*?)\n?```/).flatMap<Part>((piece, index) => (index % 2 === 1 ? [toCode(piece)] : parseLines(piece)));
}

// A word alone on the first line names the language.
function toCode(piece: string): Part {
  const [, language = '', text = piece] = /^([\w+-]{1,20})\n([\s\S]*)$/.exec(piece) ?? [];
  return { kind: 'pre', language: language.toLowerCase(), text: unescape(text.replace(/^\n/, '')) };
}

const LINE_KINDS: [RegExp, 'quote' | 'bullet' | 'number'][] = [
  [/^(?:&gt;|>) ?/, 'quote'],
  [/^\s*[•◦*-]\s+(?=\S)/, 'bullet'],
  [/^\s*\d{1,3}[.)]\s+(?=\S)/, 'number'],
];

function parseLines(text: string): Part[] {
  const groups: { kind: string; lines: string[] }[] = [];
  for (const line of text.replace(/^\n|\n$/g, '').split('\n')) {
    const [mark, kind] = LINE_KINDS.find(([pattern]) => pattern.test(line)) ?? [null, 'lines'];
    const words = mark ? line.replace(mark, '') : line;
    const last = groups.at(-1);
    if (last?.kind === kind) last.lines.push(words);
    else groups.push({ kind, lines: [words] });
  }
  return groups.filter(({ lines }) => lines.some((line) => line !== '') || groups.length === 1).map(toPart).filter((part) => part !== null);
}

function toPart({ kind, lines }: { kind: string; lines: string[] }): Part | null {
  if (kind === 'bullet' || kind === 'number') return { kind: 'list', isNumbered: kind === 'number', items: lines.map(parseInline) };
  const inner = parseInline(lines.join('\n'));
  if (inner.length === 0) return null;
  return { kind: kind === 'quote' ? 'quote' : 'lines', inner };
}

export function parseInline(text: string): Inline[] {
  const found: Inline[] = [];
  let end = 0;
  for (const match of text.matchAll(TOKEN)) {
    if (match.index > end) found.push({ kind: 'text', text: unescape(text.slice(end, match.index)) });
    found.push(toInline(match));
    end = match.index + match[0].length;
  }
  if (end < text.length) found.push({ kind: 'text', text: unescape(text.slice(end)) });
  return found;
}

function toInline([whole, code, entity, emoji, bold, italic, strike]: RegExpMatchArray): Inline {
  if (code !== undefined) return { kind: 'code', text: unescape(code) };
  if (entity !== undefined) return toEntity(entity, whole);
  if (emoji !== undefined) return { kind: 'emoji', id: emoji, label: '' };
  if (bold !== undefined) return { kind: 'bold', inner: parseInline(bold) };
  if (italic !== undefined) return { kind: 'italic', inner: parseInline(italic) };
  return { kind: 'strike', inner: parseInline(strike ?? '') };
}

function toEntity(entity: string, whole: string): Inline {
  const bar = entity.indexOf('|');
  const target = bar < 0 ? entity : entity.slice(0, bar);
  const label = bar < 0 ? '' : unescape(entity.slice(bar + 1));
  if (target.startsWith('@')) return { kind: 'user', id: target.slice(1), label };
  if (target.startsWith('#')) return { kind: 'channel', id: target.slice(1), label };
  if (target.startsWith('!')) return { kind: 'broadcast', id: target.slice(1), label };
  const url = unescape(target);
  if (!isSafeUrl(url)) return { kind: 'text', text: unescape(whole) };
  return { kind: 'link', url, text: label || url.replace(/^mailto:|^tel:/, '') };
}

export function isSafeUrl(url: string): boolean {
  return /^(https?:\/\/|mailto:|tel:)/i.test(url);
}

export function unescape(text: string): string {
  return text.replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&amp;', '&');
}

interface Names {
  users: { id: string; name: string }[];
  channels: { id: string; name?: string }[];
}

const BROADCASTS = ['here', 'channel', 'everyone'];

// What was typed, with @name and #name as entities; code is left alone.
export function toMessageText(typed: string, { users, channels }: Names): string {
  return typed
    .split(/(```[\s\S]*?```|`[^`\n]+`)/)
    .map((piece, index) => (index % 2 === 1 ? piece : piece.replace(/(^|[\s(])([@#])([\w.-]+)/g, (whole, before: string, mark: string, word: string) => {
      for (let length = word.length; length > 0; length -= 1) {
        const entity = entityOf(mark, word.slice(0, length), users, channels);
        if (entity !== '' && !/^\w/.test(word.slice(length))) return before + entity + word.slice(length);
      }
      return whole;
    })))
    .join('');
}

function entityOf(mark: string, name: string, users: Names['users'], channels: Names['channels']): string {
  if (mark === '#') {
    const channel = channels.find((item) => item.name === name);
    return channel ? `<#${channel.id}|${name}>` : '';
  }
  if (BROADCASTS.includes(name)) return `<!${name}>`;
  const user = users.find((item) => item.name === name);
  return user ? `<@${user.id}>` : '';
}

// A stored text as it was typed, for editing.
export function toTyped(text: string, { users, channels }: Names): string {
  const typed = text.replace(/<([^<>\n]+)>/g, (whole, entity: string) => {
    const [target = '', label = ''] = entity.split('|');
    if (target.startsWith('@')) return `@${users.find((user) => user.id === target.slice(1))?.name ?? target.slice(1)}`;
    if (target.startsWith('#')) return `#${channels.find((channel) => channel.id === target.slice(1))?.name ?? label}`;
    if (target.startsWith('!')) return `@${target.slice(1)}`;
    return label && label !== target ? whole : target;
  });
  return unescape(typed);
}
