// Pulls that run, and those that failed lately with the reason and a way to go on.
import { Box, Button, CloseButton, Group, Progress, Stack, Text } from '@mantine/core';
import { useLocalStorage } from '@mantine/hooks';
import { useEffect, useRef } from 'react';

import { useCall, useReadAgain } from '../api/call';
import type { Job } from '../api/schema';
import { tell } from '../app/parts';
import { fromServer } from '../i18n/server';
import { t } from '../i18n/text';

const PULL_KIND = 'models:pull';
const FAILED_SHOWN_US = 24 * 3600 * 1e6;

export function Pulls({ retry }: { retry: (name: string) => void }) {
  const again = useReadAgain();
  const jobs = useCall('listJobs', {}, { every: 1_000 });
  const [dismissed, setDismissed] = useLocalStorage<string[]>({ key: 'volano.pulls.dismissed', defaultValue: [] });
  const pulls = (jobs.data?.items ?? []).filter((job) => job.kind === PULL_KIND);
  const running = pulls.filter(isRunning);
  const newest = pulls.filter((job, index) => pulls.findIndex((other) => other.key === job.key) === index);
  const failed = newest.filter(
    (job) => job.state === 'failed' && !dismissed.includes(job.id) && job.updated_us > Date.now() * 1000 - FAILED_SHOWN_US,
  );
  const before = useRef<string[]>([]);
  useEffect(() => {
    for (const id of before.current) {
      const job = pulls.find((item) => item.id === id);
      if (job?.state === 'done') {
        again('listModels', 'getModelCatalogue');
        tell(t('modelReady', { job: nameOf(job) }));
      }
    }
    before.current = running.map((job) => job.id);
  });
  if (running.length + failed.length === 0) return null;
  return (
    <Stack gap="sm">
      {running.map((job) => (
        <RunningPull key={job.id} job={job} />
      ))}
      {failed.map((job) => (
        <FailedPull key={job.id} job={job} retry={() => retry(nameOf(job))} dismiss={() => setDismissed([...dismissed, job.id])} />
      ))}
    </Stack>
  );
}

function RunningPull({ job }: { job: Job }) {
  const percent = Math.round(job.fraction * 100);
  return (
    <Box className="surface" p="md" role="status" aria-label={t('pullingNamed', { name: nameOf(job) })}>
      <Group justify="space-between" mb={8}>
        <Text fw={600}>{t('pullingNamed', { name: nameOf(job) })}</Text>
        <Text size="sm" c="dimmed">
          {percent} %
        </Text>
      </Group>
      <Progress value={Math.max(percent, 2)} animated aria-label={t('progress')} />
      <Text size="sm" c="dimmed" mt={6}>
        {job.text || t('waitingForItsTurn')}
      </Text>
    </Box>
  );
}

function FailedPull({ job, retry, dismiss }: { job: Job; retry: () => void; dismiss: () => void }) {
  return (
    <Box className="surface" p="md" role="alert">
      <Group justify="space-between" wrap="nowrap" align="flex-start">
        <Text fw={600}>{t('pullFailed', { job: nameOf(job) })}</Text>
        <CloseButton onClick={dismiss} aria-label={t('dismiss')} />
      </Group>
      <Text size="sm" c="red" style={{ overflowWrap: 'anywhere' }}>
        {fromServer(job.result || job.text)}
      </Text>
      <Button size="compact-sm" variant="light" mt="xs" onClick={retry}>
        {t('tryAgain')}
      </Button>
    </Box>
  );
}

// The key is `account/owner/name`.
function nameOf(job: Job): string {
  return job.key.slice(job.key.indexOf('/') + 1);
}

function isRunning(job: Job): boolean {
  return job.state === 'queued' || job.state === 'running';
}
