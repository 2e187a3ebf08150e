// Who is here now: asked every half minute while the chat is shown.
import { useQuery } from '@tanstack/react-query';

import { rest } from '../../api/client';

const EVERY_MS = 30_000;
const NOBODY = new Set<string>();

export const presenceKey = ['chat', 'presence'] as const;

export function usePresence(): Set<string> {
  const present = useQuery({
    queryKey: presenceKey,
    queryFn: async () => new Set((await rest.get<{ present: string[] }>('/chat/presence')).present),
    refetchInterval: EVERY_MS,
    structuralSharing: false,
  });
  return present.data ?? NOBODY;
}
