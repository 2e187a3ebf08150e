// How the cloud is, from /readyz, which load balancers ask too.
import { Group, Progress, Stack, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { IconAlertTriangle, IconCircleCheck, IconCircleX } from '@tabler/icons-react';
import type { ReactNode } from 'react';

import { Failed, Waiting } from '../app/parts';
import { LOOK_EVERY_MS } from './pace';

interface Report {
  ready: boolean;
  draining: boolean;
  database: boolean;
  zones_up: number;
  zones: number;
  disk_free_fraction: number;
  disk_low: boolean;
  requests: number;
  sockets: number;
  uptime_s: number;
}

type Mark = 'good' | 'warn' | 'bad';

// /readyz answers 503 with the same report when it is not ready.
async function readReport(): Promise<Report> {
  const reply = await fetch('/readyz').catch(() => null);
  if (reply === null) throw new Error('Volano cannot be reached. Is it running?');
  return (await reply.json()) as Report;
}

export function HealthList() {
  const { data, error, refetch } = useQuery({ queryKey: ['readyz'], queryFn: readReport, refetchInterval: LOOK_EVERY_MS });
  if (error !== null) return <Failed error={error} retry={() => void refetch()} />;
  if (!data) return <Waiting />;
  const free = Math.round(data.disk_free_fraction * 100);
  return (
    <Stack gap="sm">
      <Check mark={data.ready ? 'good' : 'bad'} label="Answers requests" note={data.draining ? 'draining before it stops' : `up ${duration(data.uptime_s)}`} />
      <Check mark={data.database ? 'good' : 'bad'} label="Database" note={data.database ? 'answers' : 'does not answer'} />
      <Check mark={data.zones_up === data.zones ? 'good' : data.zones_up > 0 ? 'warn' : 'bad'} label="Zones" note={`${data.zones_up} of ${data.zones} up`} />
      <div>
        <Check mark={data.disk_low ? 'warn' : 'good'} label="Disk" note={`${free} % free`} />
        <Progress value={100 - free} color={data.disk_low ? 'red' : undefined} size="sm" mt={6} aria-label={`Disk ${100 - free} % used`} />
        {data.disk_low && (
          <Text size="xs" c="red" mt={4}>
            Less than a tenth of the disk is free. Delete objects or add space before writes fail.
          </Text>
        )}
      </div>
      <Text size="xs" c="dimmed">
        {data.requests} {data.requests === 1 ? 'request' : 'requests'} being answered, {data.sockets} live {data.sockets === 1 ? 'socket' : 'sockets'} open
      </Text>
    </Stack>
  );
}

const ICONS: Record<Mark, ReactNode> = {
  good: <IconCircleCheck size={18} color="var(--mantine-color-green-6)" aria-label="good" />,
  warn: <IconAlertTriangle size={18} color="var(--mantine-color-orange-6)" aria-label="warning" />,
  bad: <IconCircleX size={18} color="var(--mantine-color-red-6)" aria-label="bad" />,
};

function Check({ mark, label, note }: { mark: Mark; label: string; note: string }) {
  return (
    <Group justify="space-between" wrap="nowrap" gap="xs">
      <Group gap={8} wrap="nowrap">
        {ICONS[mark]}
        <Text size="sm">{label}</Text>
      </Group>
      <Text size="sm" c="dimmed" ta="right">
        {note}
      </Text>
    </Group>
  );
}

function duration(seconds: number): string {
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min`;
  if (seconds < 86_400) return `${Math.floor(seconds / 3600)} h ${Math.floor((seconds % 3600) / 60)} min`;
  return `${Math.floor(seconds / 86_400)} days`;
}
