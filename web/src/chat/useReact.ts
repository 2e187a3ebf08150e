// Adds or takes back one's own reaction; shown at once, mended when the server refuses.
import { useQueryClient } from '@tanstack/react-query';

import { slack } from '../api/client';
import { tellFailure } from '../app/parts';
import { react } from './cache';
import { useWorkplace } from './context';
import type { Message } from './types';

export function useReact(channel: string, message: Message): (name: string) => void {
  const { me } = useWorkplace();
  const queries = useQueryClient();
  return (name) => {
    const isAdded = !(message.reactions ?? []).some((item) => item.name === name && item.users.includes(me.id));
    react(queries, channel, message.ts, name, me.id, isAdded);
    slack(isAdded ? 'reactions.add' : 'reactions.remove', { channel, timestamp: message.ts, name }).catch((error: unknown) => {
      react(queries, channel, message.ts, name, me.id, !isAdded);
      tellFailure(error);
    });
  };
}
