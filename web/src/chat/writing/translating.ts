// Which messages are shown in the reader's language: those chosen one by one, and whole channels.
import { useQuery, useQueryClient } from '@tanstack/react-query';

import { rest } from '../../api/client';
import { getLanguage } from '../../i18n/text';
import { useWorkplace } from '../context';
import type { Message } from '../types';
import { translate, type Written } from './writing';

interface Choices {
  channels: Record<string, string>;
  languages: Record<string, string>;
}

const choicesKey = ['chat', 'languages'];
const chosenKey = (channel: string, ts: string) => ['chat', 'translated', channel, ts];

// The language into which a channel is translated, and how to change that.
export function useChannelLanguage(channel: string): [string, (language: string) => Promise<void>] {
  const queries = useQueryClient();
  const choices = useQuery({ queryKey: choicesKey, queryFn: () => rest.get<Choices>('/writing/languages'), staleTime: 300_000 });
  const choose = async (language: string) => {
    await rest.put('/writing/languages', { channel, language });
    await queries.invalidateQueries({ queryKey: choicesKey });
  };
  return [choices.data?.channels[channel] ?? '', choose];
}

// Whether one message is shown translated, by its own choice or its channel's.
export function useChosen(channel: string, message: Message): { language: string; isChosen: boolean; choose: (chosen: boolean) => void } {
  const queries = useQueryClient();
  const { me } = useWorkplace();
  const [ofChannel] = useChannelLanguage(channel);
  const chosen = useQuery<boolean | null>({ queryKey: chosenKey(channel, message.ts), queryFn: () => null, enabled: false, initialData: null });
  const isForAll = ofChannel !== '' && message.user !== me.id && !message.is_ephemeral;
  return {
    language: chosen.data === null && isForAll ? ofChannel : getLanguage(),
    isChosen: chosen.data ?? isForAll,
    choose: (value) => queries.setQueryData(chosenKey(channel, message.ts), value),
  };
}

export function useTranslation(channel: string, message: Message, language: string) {
  return useQuery<Written>({
    queryKey: ['chat', 'translation', channel, message.ts, message.edited?.ts ?? '', language],
    queryFn: () => translate(channel, message.ts, language),
    staleTime: Infinity,
    retry: false,
  });
}
