// How the cloud is, from /readyz, which load balancers ask too.
import { Group, Progress, Stack, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { IconAlertTriangle, IconCircleCheck, IconCircleX } from '@tabler/icons-react';

import { Failed, Waiting } from '../app/parts';
import { writeNumber } from '../i18n/dates';
import { t } from '../i18n/text';
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
  if (reply === null) throw new Error(t('unreachable'));
  return (await reply.json()) as Report;
}

export function HealthList() {
  const { data, error, refetch } = useQuery({ queryKey: ['readyz'], queryFn: readReport, refetchInterval: LOOK_EVERY_MS });
  if (error !== null) return <Failed error={error} retry={() => void refetch()} />;
  if (!data) return <Waiting />;
  const free = Math.round(data.disk_free_fraction * 100);
  return (
    <Stack gap="sm">
      <Check mark={data.ready ? 'good' : 'bad'} label={t('answersRequests')} note={data.draining ? t('draining') : t('upFor', { time: duration(data.uptime_s) })} />
      <Check mark={data.database ? 'good' : 'bad'} label={t('database')} note={t(data.database ? 'answers' : 'answersNot')} />
      <Check mark={data.zones_up === data.zones ? 'good' : data.zones_up > 0 ? 'warn' : 'bad'} label={t('zones')} note={t('zonesUp', { up: data.zones_up, count: data.zones })} />
      <div>
        <Check mark={data.disk_low ? 'warn' : 'good'} label={t('disk')} note={t('percentFree', { percent: free })} />
        <Progress value={100 - free} color={data.disk_low ? 'red' : undefined} size="sm" mt={6} aria-label={t('diskUsed', { percent: 100 - free })} />
        {data.disk_low && (
          <Text size="xs" c="red" mt={4}>
            {t('diskLow')}
          </Text>
        )}
      </div>
      <Text size="xs" c="dimmed">
        {t('requestsNow', { count: data.requests })} {t('socketsNow', { count: data.sockets })}
      </Text>
    </Stack>
  );
}

function MarkIcon({ mark }: { mark: Mark }) {
  if (mark === 'good') return <IconCircleCheck size={18} color="var(--mantine-color-green-6)" aria-label={t('markGood')} />;
  if (mark === 'warn') return <IconAlertTriangle size={18} color="var(--mantine-color-orange-6)" aria-label={t('markWarn')} />;
  return <IconCircleX size={18} color="var(--mantine-color-red-6)" aria-label={t('markBad')} />;
}

function Check({ mark, label, note }: { mark: Mark; label: string; note: string }) {
  return (
    <Group justify="space-between" wrap="nowrap" gap="xs">
      <Group gap={8} wrap="nowrap">
        <MarkIcon mark={mark} />
        <Text size="sm">{label}</Text>
      </Group>
      <Text size="sm" c="dimmed" ta="right">
        {note}
      </Text>
    </Group>
  );
}

const UNITS: [string, number][] = [
  ['day', 86_400],
  ['hour', 3600],
  ['minute', 60],
  ['second', 1],
];

function duration(seconds: number): string {
  const [unit, size] = UNITS.find(([, least]) => seconds >= least) ?? UNITS.at(-1)!;
  return writeNumber(Math.floor(seconds / size), { style: 'unit', unit, unitDisplay: 'long' });
}
