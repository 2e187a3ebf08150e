// Long work that somebody waits for: root file systems, models, extras.
import { Alert, Group, Progress, Stack, Text } from '@mantine/core';

import { isDenied, useCall } from '../api/call';
import type { Job } from '../api/schema';
import { formatAgo } from '../app/format';
import { Failed, Surface, Waiting } from '../app/parts';
import { fromServer } from '../i18n/server';
import { t } from '../i18n/text';
import { LOOK_EVERY_MS } from './pace';

const SHOWN = 5;

export const isActive = (job: Job) => job.state === 'queued' || job.state === 'running';

export function Jobs() {
  const { data, error, isPending, refetch } = useCall('listJobs', {}, { every: LOOK_EVERY_MS });
  if (isDenied(error)) return null;
  const jobs = data?.items ?? [];
  const shown = [...jobs.filter(isActive), ...jobs.filter((job) => !isActive(job))].slice(0, SHOWN);
  return (
    <Surface title={t('jobs')}>
      {isPending && <Waiting />}
      {error !== null && <Failed error={error} retry={() => void refetch()} />}
      {data && shown.length === 0 && (
        <Text size="sm" c="dimmed">
          {t('noJobs')}
        </Text>
      )}
      <Stack gap="md" aria-live="polite">
        {shown.map((job) => (
          <JobRow key={job.id} job={job} />
        ))}
      </Stack>
    </Surface>
  );
}

export function JobRow({ job }: { job: Job }) {
  const name = [job.kind, job.key].filter(Boolean).join(' ');
  if (job.state === 'failed') {
    return (
      <Alert color="red" title={t('jobFailed', { name })} p="xs">
        <Text size="xs">{fromServer(job.result || job.text)}</Text>
      </Alert>
    );
  }
  return (
    <div>
      <Group justify="space-between" wrap="nowrap" gap="xs">
        <Text size="sm" truncate>
          {name}
        </Text>
        <Text size="xs" c="dimmed" style={{ whiteSpace: 'nowrap' }}>
          {job.state === 'done' ? formatAgo(job.updated_us) : `${Math.round(job.fraction * 100)} %`}
        </Text>
      </Group>
      {isActive(job) && <Progress value={job.fraction * 100} size="sm" animated mt={4} aria-label={`${name}: ${Math.round(job.fraction * 100)} %`} />}
      <Text size="xs" c="dimmed" truncate>
        {fromServer(job.text || job.state)}
      </Text>
    </div>
  );
}
