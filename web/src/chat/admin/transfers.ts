// Imports and exports as the server tells of them; asked again while one is running.
import { useQuery } from '@tanstack/react-query';

import { rest } from '../../api/client';

export interface Transfer {
  id: string;
  state: 'running' | 'done' | 'failed';
  fraction: number;
  text: string;
  counts: Record<string, number>;
  skipped: Record<string, number>;
  notes: string[];
  error: string;
  link: string;
  by: string;
  created: number;
  ended: number;
}

export const transfersKey = (kind: 'imports' | 'exports') => ['chat', kind] as const;
const AGAIN_MS = 1000;

export function useTransfers(kind: 'imports' | 'exports') {
  return useQuery({
    queryKey: transfersKey(kind),
    queryFn: () => rest.get<{ items: Transfer[] }>(`/chat/${kind}`),
    refetchInterval: (query) => (query.state.data?.items.some((item) => item.state === 'running') ? AGAIN_MS : false),
  });
}
