// What is weak in this account, the worst first, and where to mend it.
import { Anchor, Badge, Grid, Group, RingProgress, Stack, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { IconShieldCheck } from '@tabler/icons-react';
import { Link } from 'react-router';

import { rest } from '../api/client';
import { Empty, Failed, Page, Surface, Waiting } from '../app/parts';
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
const SEVERITIES: Severity[] = ['high', 'medium', 'low'];

export default function Security() {
  const { data, error, isPending, refetch } = useQuery({ queryKey: ['security'], queryFn: () => rest.get<Overview>('/security-overview') });
  return (
    <Page title="Security" about="What is weak, how to mend it, and who can do what.">
      {isPending && <Waiting />}
      {error !== null && <Failed error={error} retry={() => void refetch()} />}
      {data && (
        <Grid>
          <Grid.Col span={{ base: 12, md: 4 }}>
            <Surface title="At a glance">
              <Glance data={data} />
            </Surface>
          </Grid.Col>
          <Grid.Col span={{ base: 12, md: 8 }}>
            <Surface title="To mend">
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
          aria-label={`${total} findings`}
          sections={total === 0 ? [{ value: 100, color: 'green' }] : counts.map(({ severity, count }) => ({ value: (100 * count) / total, color: COLOR[severity], tooltip: `${count} ${severity}` }))}
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
            {count} {severity}
          </Badge>
        ))}
      </Group>
      <Stack gap={4}>
        {data.checks.map((check) => (
          <Group key={check.name} justify="space-between" wrap="nowrap" gap="xs">
            <Text size="sm">{check.text}</Text>
            <Text size="xs" c="dimmed" title={check.unchecked} style={{ whiteSpace: 'nowrap' }}>
              {check.unchecked ? 'not checked' : check.looked_at}
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
      <Empty icon={<IconShieldCheck size={26} />} title="Nothing weak was found">
        People, keys, roles, buckets, the trail and encryption keys are looked at each time this page opens.
      </Empty>
    );
  }
  return (
    <Stack gap="xs" aria-label="Findings" role="list">
      {findings.map((found) => (
        <Group key={`${found.check} ${found.resource} ${found.text}`} className="well" p="sm" gap="sm" wrap="nowrap" align="flex-start" role="listitem" data-check={found.check}>
          <Badge variant="light" color={COLOR[found.severity]} tt="none" miw={80} style={{ flexShrink: 0 }}>
            {found.severity}
          </Badge>
          <div>
            <Text size="sm" fw={550}>
              {found.text}
            </Text>
            <Text size="sm" c="dimmed">
              {found.mend}{' '}
              <Anchor component={Link} to={found.link} size="sm">
                Go there
              </Anchor>
            </Text>
          </div>
        </Group>
      ))}
    </Stack>
  );
}
