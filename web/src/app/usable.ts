// The places that the person who is signed in can do anything in: the others are not in the menu.
import { useQuery } from '@tanstack/react-query';
import { useEffect } from 'react';

import { call } from '../api/call';
import { PLACES } from './nav';
import { useSession } from './session';

const LOOK_AGAIN_MS = 300_000;
const PERMISSIONS = PLACES.flatMap((place) => place.needs ?? []);

function kept(key: string): string[] | null {
  const text = localStorage.getItem(key);
  return text === null ? null : text.split(' ');
}

// What was true the last time is shown until the answer is here, everything at the very first time.
export function useUsable(): (path: string) => boolean {
  const key = `volano-usable-${useSession().principal_id}`;
  const { data } = useQuery({
    queryKey: ['listUsable', key],
    queryFn: () => call('listUsable', { permissions: PERMISSIONS }),
    staleTime: LOOK_AGAIN_MS,
  });
  useEffect(() => {
    if (data) localStorage.setItem(key, data.permissions.join(' '));
  }, [key, data]);
  const known = data?.permissions ?? kept(key);
  return (path) => {
    const needs = PLACES.find((place) => place.path === path)?.needs;
    return known === null || needs === undefined || needs.some((name) => known.includes(name));
  };
}
