// What is weak in this account, the worst first, and where to mend it.
import { Anchor, Badge, Grid, Group, RingProgress, Stack, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { IconShieldCheck } from '@tabler/icons-react';
import { Link } from 'react-router';

import { rest } from '../api/client';
import { Empty, Failed, Page, Surface, Waiting } from '../app/parts';
import { fromServer } from '../i18n/server';
import { t } from '../i18n/text';
import { WhoCan } from './WhoCan';

type Severity = 'high' | 'medium' | 'low';

interface Finding {
  check: string;
  severity: Severity;
  resource: string;
  text: string;
  mend: string;
  link: string;
}

interface Overview {
  findings: Finding[];
  checks: { name: string; text: string; looked_at: number; unchecked: string }[];
}

const COLOR: Record<Severity, string> = { high: 'red', medium: 'orange', low: 'yellow' };
const NAMED = { high: 'severityHigh', medium: 'severityMedium', low: 'severityLow' } as const;
const COUNTED = { high: 'countHigh', medium: 'countMedium', low: 'countLow' } as const;
const SEVERITIES: Severity[] = ['high', 'medium', 'low'];

export default function Security() {
  const { data, error, isPending, refetch } = useQuery({ queryKey: ['security'], queryFn: () => rest.get<Overview>('/security-overview') });
  return (
    <Page title={t('placeSecurity')} about={t('whatIsWeakHow')}>
      {isPending && <Waiting />}
      {error !== null && <Failed error={error} retry={() => void refetch()} />}
      {data && (
        <Grid>
          <Grid.Col span={{ base: 12, md: 4 }}>
            <Surface title={t('atAGlance')}>
              <Glance data={data} />
            </Surface>
          </Grid.Col>
          <Grid.Col span={{ base: 12, md: 8 }}>
            <Surface title={t('toMend')}>
              <Findings findings={data.findings} />
            </Surface>
          </Grid.Col>
        </Grid>
      )}
      <WhoCan />
    </Page>
  );
}

function Glance({ data }: { data: Overview }) {
  const total = data.findings.length;
  const counts = SEVERITIES.map((severity) => ({ severity, count: data.findings.filter((found) => found.severity === severity).length }));
  return (
    <Stack gap="sm">
      <Group justify="center">
        <RingProgress
          size={150}
          thickness={14}
          aria-label={t('findingsCount', { count: total })}
          sections={total === 0 ? [{ value: 100, color: 'green' }] : counts.map(({ severity, count }) => ({ value: (100 * count) / total, color: COLOR[severity], tooltip: t(COUNTED[severity], { count }) }))}
          label={
            <Text ta="center" fz={26} fw={700}>
              {total}
            </Text>
          }
        />
      </Group>
      <Group justify="center" gap="xs">
        {counts.map(({ severity, count }) => (
          <Badge key={severity} variant="light" color={COLOR[severity]} tt="none">
            {t(COUNTED[severity], { count })}
          </Badge>
        ))}
      </Group>
      <Stack gap={4}>
        {data.checks.map((check) => (
          <Group key={check.name} justify="space-between" wrap="nowrap" gap="xs">
            <Text size="sm">{fromServer(check.text)}</Text>
            <Text size="xs" c="dimmed" title={fromServer(check.unchecked)} style={{ whiteSpace: 'nowrap' }}>
              {check.unchecked ? t('notChecked') : check.looked_at}
            </Text>
          </Group>
        ))}
      </Stack>
    </Stack>
  );
}

function Findings({ findings }: { findings: Finding[] }) {
  if (findings.length === 0) {
    return (
      <Empty icon={<IconShieldCheck size={26} />} title={t('nothingWeakWasFound')}>
        {t('peopleKeysRolesBuckets')}
      </Empty>
    );
  }
  return (
    <Stack gap="xs" aria-label={t('findings')} role="list">
      {findings.map((found) => (
        <Group key={`${found.check} ${found.resource} ${found.text}`} className="well" p="sm" gap="sm" wrap="nowrap" align="flex-start" role="listitem" data-check={found.check}>
          <Badge variant="light" color={COLOR[found.severity]} tt="none" miw={80} style={{ flexShrink: 0 }}>
            {t(NAMED[found.severity])}
          </Badge>
          <div>
            <Text size="sm" fw={550}>
              {fromServer(found.text)}
            </Text>
            <Text size="sm" c="dimmed">
              {fromServer(found.mend)}{' '}
              <Anchor component={Link} to={found.link} size="sm" underline="always">
                {t('goThere')}
              </Anchor>
            </Text>
          </div>
        </Group>
      ))}
    </Stack>
  );
}
