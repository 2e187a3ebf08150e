// Imports or exports that were made: how far each is, what came of it, what was skipped and why.
import { Anchor, Badge, Card, Group, List, Progress, Stack, Text } from '@mantine/core';

import { formatTime } from '../../app/format';
import { t } from '../../i18n/text';
import { nameOf, useWorkplace } from '../context';
import { Answered, Nothing } from '../desk/View';
import { useTransfers, type Transfer } from './transfers';

const COLORS = { running: 'blue', done: 'green', failed: 'red' } as const;

export function TransferList({ kind }: { kind: 'imports' | 'exports' }) {
  const found = useTransfers(kind);
  return (
    <Answered of={found}>
      {({ items }) =>
        items.length === 0 ? (
          <Nothing>{t(kind === 'imports' ? 'noImportsYet' : 'noExportsYet')}</Nothing>
        ) : (
          <Stack gap="sm">
            {items.map((item) => (
              <One key={item.id} item={item} />
            ))}
          </Stack>
        )
      }
    </Answered>
  );
}

function One({ item }: { item: Transfer }) {
  const { users } = useWorkplace();
  return (
    <Card withBorder padding="sm" component="article" aria-label={item.id}>
      <Group justify="space-between">
        <Text size="sm" fw={600}>
          {formatTime(item.created * 1_000_000)} · {nameOf(users.get(item.by))}
        </Text>
        <Badge color={COLORS[item.state]} variant="light">
          {t(item.state)}
        </Badge>
      </Group>
      {item.state === 'running' && (
        <>
          <Progress value={item.fraction * 100} mt="xs" aria-label={t('progress')} />
          <Text size="xs" c="dimmed" role="status">
            {item.text}
          </Text>
        </>
      )}
      {item.error && (
        <Text size="sm" c="red" mt="xs">
          {item.error}
        </Text>
      )}
      <Counted counts={item.counts} />
      {Object.keys(item.skipped).length > 0 && (
        <Text size="sm" mt={4}>
          {t('skipped')}: {listed(item.skipped)}
        </Text>
      )}
      {item.notes.length > 0 && (
        <List size="xs" mt={4}>
          {item.notes.map((note) => (
            <List.Item key={note}>{note}</List.Item>
          ))}
        </List>
      )}
      {item.link && (
        <Anchor href={new URL(item.link, location.origin).pathname + '?download=1'} download size="sm" mt="xs" display="inline-block">
          {t('download')}
        </Anchor>
      )}
    </Card>
  );
}

function Counted({ counts }: { counts: Record<string, number> }) {
  return (
    <Text size="sm" mt={4}>
      {listed(counts)}
    </Text>
  );
}

function listed(counts: Record<string, number>): string {
  return Object.entries(counts)
    .map(([what, number]) => `${number} ${what}`)
    .join(', ');
}
