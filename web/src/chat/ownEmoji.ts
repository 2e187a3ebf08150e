// The workplace's own emoji: names and pictures, read once and again when one is added here.
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useMemo } from 'react';

import { rest, slack } from '../api/client';
import { emojiOf } from './emoji';

const emojiKey = ['chat', 'own-emoji'] as const;
const ALIAS = 'alias:';

export interface OwnEmoji {
  name: string;
  url: string; // of its picture; '' for another name of an emoji that everybody has
  native: string;
}

export function useOwnEmoji(): Map<string, OwnEmoji> {
  const found = useQuery({ queryKey: emojiKey, queryFn: () => slack<{ emoji: Record<string, string> }>('emoji.list'), staleTime: 300_000 });
  const given = found.data?.emoji;
  return useMemo(() => new Map(Object.keys(given ?? {}).map((name) => [name, resolved(given ?? {}, name)])), [given]);
}

function resolved(given: Record<string, string>, name: string): OwnEmoji {
  const value = given[name] ?? '';
  if (!value.startsWith(ALIAS)) return { name, url: pathOf(value), native: '' };
  const other = value.slice(ALIAS.length);
  const picture = given[other] ?? '';
  return picture && !picture.startsWith(ALIAS) ? { name, url: pathOf(picture), native: '' } : { name, url: '', native: emojiOf(other) ?? '' };
}

// The address as seen from this page, whatever name the server gives itself.
function pathOf(url: string): string {
  return new URL(url, location.origin).pathname;
}

export function useAddEmoji(): (name: string, file: File) => Promise<void> {
  const queries = useQueryClient();
  return async (name, file) => {
    await rest.post('/chat/emoji', { name, image: await toBase64(file) });
    await queries.invalidateQueries({ queryKey: emojiKey });
  };
}

async function toBase64(file: File): Promise<string> {
  const bytes = new Uint8Array(await file.arrayBuffer());
  return btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(''));
}
