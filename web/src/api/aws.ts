// AWS operations with boto3's names: `aws('s3', 'GetBucketVersioning', { Bucket })`. They are the
// same operations that boto3 and aws-cli call, with the same rights.
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';

import { tell, tellFailure } from '../app/parts';
import { ApiError, rest } from './client';

export type Json = Record<string, unknown>;

export async function aws<T = Json>(service: string, operation: string, input: Json = {}): Promise<T> {
  const answer = await rest.post<{ output: T }>(`/aws/${service}/${operation}`, { input });
  return answer.output;
}

interface Watching {
  enabled?: boolean;
  every?: number | false;
}

// What is not set answers 404 in S3: that is `null` here, not a failure.
export function useAws<T = Json>(service: string, operation: string, input: Json = {}, { enabled = true, every = false }: Watching = {}) {
  return useQuery({
    queryKey: ['aws', service, operation, input],
    queryFn: () => aws<T>(service, operation, input).catch(absent),
    enabled,
    refetchInterval: every,
    retry: false,
  });
}

function absent(error: unknown): null {
  if (error instanceof ApiError && error.status === 404 && error.code !== 'no_such_bucket') return null;
  throw error;
}

interface Change {
  service: string;
  operation: string;
  input?: Json;
}

// A change: afterwards what was read from the same service is read again.
export function useAwsChange({ done, failed = tellFailure }: { done?: string; failed?: (error: unknown) => void } = {}) {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: ({ service, operation, input }: Change) => aws(service, operation, input),
    onSuccess: (_, { service }) => {
      void queries.invalidateQueries({ queryKey: ['aws', service] });
      if (done) tell(done);
    },
    onError: failed,
  });
}
