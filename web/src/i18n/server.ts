// What the server says in English, in the reader's language: `server/LANGUAGE.json` holds its sentences,
// with `{}` where a value stands. A sentence that the file does not know is shown as it came.
import { getLanguage } from './text';

type Sentences = Record<string, string>;

interface Known {
  exact: Map<string, string>;
  patterns: { pattern: RegExp; template: string }[];
}

const VALUE = '{}';
const files = import.meta.glob<Sentences>('./server/*.json', { eager: true, import: 'default' });
const languages = new Map(Object.entries(files).map(([path, sentences]) => [path.slice('./server/'.length, -'.json'.length), known(sentences)]));

function known(sentences: Sentences): Known {
  const entries = Object.entries(sentences);
  const patterns = entries.filter(([sentence]) => sentence.includes(VALUE));
  return {
    exact: new Map(entries.filter(([sentence]) => !sentence.includes(VALUE))),
    patterns: patterns.map(([sentence, template]) => ({ pattern: new RegExp(`^${sentence.split(VALUE).map(literally).join('(.+?)')}$`, 's'), template })),
  };
}

function literally(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}

export function fromServer(text: string): string {
  const language = languages.get(getLanguage());
  const exact = language?.exact.get(text);
  if (language === undefined || exact !== undefined) return exact ?? text;
  for (const { pattern, template } of language.patterns) {
    const values = pattern.exec(text)?.slice(1);
    if (values) return template.split(VALUE).reduce((said, piece, index) => said + fromServer(values[index - 1] ?? '') + piece);
  }
  return text;
}
