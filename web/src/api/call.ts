// Typed calls of Volano's REST API by operation name: `call('getBill', { period: '2026-11' })`.
// Path, query and body fields are given together; the route says which goes where.
import { keepPreviousData, useMutation, useQuery, useQueryClient } from '@tanstack/react-query';

import { tell, tellFailure } from '../app/parts';
import { ApiError, rest, type Query } from './client';
import { askForProof } from './proof';
import { ROUTES, type Operations } from './schema';

export type Operation = keyof Operations;
export type Input<K extends Operation> = Operations[K]['input'];
export type Answer<K extends Operation> = Operations[K]['answer'];

// A change that wants a fresh proof of identity asks for it and is sent once more.
export async function call<K extends Operation>(operation: K, input: Input<K>): Promise<Answer<K>> {
  try {
    return await callOnce(operation, input);
  } catch (error) {
    const wanted = error instanceof ApiError && error.code === 'proof_needed';
    if (!wanted || !(await askForProof())) throw error;
    return callOnce(operation, input);
  }
}

async function callOnce<K extends Operation>(operation: K, input: Input<K>): Promise<Answer<K>> {
  const [method, template] = ROUTES[operation];
  const fields: Record<string, unknown> = { ...input };
  const path = template.replace(/\{(\w+)\}/g, (_, name: string) => {
    const value = encodeURIComponent(String(fields[name]));
    delete fields[name];
    return value;
  });
  if (method === 'GET') return rest.get<Answer<K>>(path, fields as Query);
  if (method === 'DELETE') return rest.delete<Answer<K>>(path, fields as Query);
  if (method === 'PUT') return rest.put<Answer<K>>(path, fields);
  if (method === 'PATCH') return rest.patch<Answer<K>>(path, fields);
  return rest.post<Answer<K>>(path, fields);
}

interface Watching {
  every?: number | false; // milliseconds between looks while the page is shown
  enabled?: boolean;
  keep?: boolean; // show the last answer while another input loads
}

// The answer of a reading operation, kept fresh.
export function useCall<K extends Operation>(operation: K, input: Input<K>, { every = false, enabled = true, keep = false }: Watching = {}) {
  return useQuery({
    queryKey: [operation, input],
    queryFn: () => call(operation, input),
    refetchInterval: every,
    enabled,
    retry: (count, error) => count < 1 && !(error instanceof ApiError && error.status >= 400 && error.status < 500),
    ...(keep ? { placeholderData: keepPreviousData } : {}),
  });
}

// A change: afterwards the named lists are read again and `done` is told; failures are told.
export function useChange<K extends Operation>(operation: K, { reads = [], done }: { reads?: Operation[]; done?: string } = {}) {
  const again = useReadAgain();
  return useMutation({
    mutationFn: (input: Input<K>) => call(operation, input),
    onSuccess: () => {
      again(...reads);
      if (done) tell(done);
    },
    onError: tellFailure,
  });
}

export function useReadAgain(): (...operations: Operation[]) => void {
  const queries = useQueryClient();
  return (...operations) => operations.forEach((name) => void queries.invalidateQueries({ queryKey: [name] }));
}

export function isDenied(error: unknown): boolean {
  return error instanceof ApiError && error.status === 403;
}
