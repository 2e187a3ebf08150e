// What the person asked assistants to do: waiting calls to decide, and what became of others.
import { Badge, Button, Code, Group, Stack, Text } from '@mantine/core';
import { IconClipboardCheck } from '@tabler/icons-react';
import { Link } from 'react-router';

import { useCall, useChange } from '../api/call';
import type { ProposalView } from '../api/schema';
import { formatAgo } from '../app/format';
import { Empty, Failed, Surface, Waiting } from '../app/parts';
import { t, type TextKey } from '../i18n/text';

const COLORS: Record<string, string> = { waiting: 'yellow', running: 'blue', done: 'teal', failed: 'red', refused: 'gray', expired: 'gray' };

const STATES: Record<string, TextKey> = { waiting: 'proposalWaiting', running: 'proposalRunning', done: 'proposalDone', failed: 'proposalFailed', refused: 'proposalRefused', expired: 'proposalExpired' };

export function Proposals() {
  const { data, error, isPending } = useCall('listProposals', {}, { every: 5000 });
  if (isPending) return <Waiting />;
  if (error !== null) return <Failed error={error} />;
  if (data.items.length === 0) {
    return (
      <Surface>
        <Empty
          icon={<IconClipboardCheck size={28} />}
          title={t('nothingAskedFor')}
          action={
            <Button component={Link} to="/chat">
              {t('openTheChat')}
            </Button>
          }
        >
          {t('nothingAskedForAbout')}
        </Empty>
      </Surface>
    );
  }
  return (
    <Stack>
      {data.items.map((item) => (
        <Proposal key={item.id} item={item} />
      ))}
    </Stack>
  );
}

function Proposal({ item }: { item: ProposalView }) {
  const reads = ['listProposals' as const];
  const approve = useChange('approveProposal', { reads });
  const refuse = useChange('refuseProposal', { reads });
  return (
    <Surface
      title={
        <Group gap="xs">
          <Text fw={600}>{item.tool.replace('_', ':')}</Text>
          <Badge variant="light" color={COLORS[item.state] ?? 'gray'} tt="none">
            {STATES[item.state] ? t(STATES[item.state]!) : item.state}
          </Badge>
        </Group>
      }
      aside={
        item.state === 'waiting' && (
          <Group gap="xs">
            <Button size="compact-sm" loading={approve.isPending} onClick={() => approve.mutate({ id: item.id })}>
              {t('run')}
            </Button>
            <Button size="compact-sm" variant="default" onClick={() => refuse.mutate({ id: item.id })}>
              {t('refuse')}
            </Button>
          </Group>
        )
      }
    >
      <Stack gap="xs">
        <Code block>{JSON.stringify(item.arguments, null, 1)}</Code>
        {item.result && (
          <>
            <Text size="sm">{t('whatItAnswered')}</Text>
            <Code block mah={240} style={{ overflow: 'auto' }}>
              {item.result}
            </Code>
          </>
        )}
        <Text size="xs" c="dimmed">
          {t('askedAgo', { time: formatAgo(item.created_us) })}
          {item.decided_by && t('decidedBy', { name: item.decided_by, time: formatAgo(item.decided_us) })}
        </Text>
      </Stack>
    </Surface>
  );
}
