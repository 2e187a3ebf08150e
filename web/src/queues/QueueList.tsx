// The queues of the account, each with a bar of what waits and a line of its last minutes.
import { ActionIcon, Badge, Group, Menu, Progress, Stack, Table, Text } from '@mantine/core';
import { Sparkline } from '@mantine/charts';
import { useQuery } from '@tanstack/react-query';
import { IconDots, IconEraser, IconInbox, IconTrash } from '@tabler/icons-react';
import { useEffect, useRef, useState, type ReactNode } from 'react';

import { aws, useAwsChange } from '../api/aws';
import { useConfirm } from '../app/confirm';
import { Copy, Empty, Failed, Surface, Waiting } from '../app/parts';
import { writeNumber } from '../i18n/dates';
import { t } from '../i18n/text';

const LOOK_EVERY_MS = 10_000;
const MAX_QUEUES = 50; // each look asks once for each
const POINTS = 60;
const COUNTS = ['ApproximateNumberOfMessages', 'ApproximateNumberOfMessagesNotVisible', 'ApproximateNumberOfMessagesDelayed'];

interface Queue {
  url: string;
  name: string;
  waiting: number;
  inFlight: number;
  delayed: number;
}

async function readQueues(): Promise<Queue[]> {
  const { QueueUrls = [] } = await aws<{ QueueUrls?: string[] }>('sqs', 'ListQueues', { MaxResults: MAX_QUEUES });
  return Promise.all(QueueUrls.map(readQueue));
}

async function readQueue(url: string): Promise<Queue> {
  const { Attributes } = await aws<{ Attributes: Record<string, string> }>('sqs', 'GetQueueAttributes', { QueueUrl: url, AttributeNames: COUNTS });
  const [waiting, inFlight, delayed] = COUNTS.map((name) => Number(Attributes[name] ?? 0)) as [number, number, number];
  return { url, name: url.split('/').pop() ?? url, waiting, inFlight, delayed };
}

export function QueueList({ create }: { create: ReactNode }) {
  const { data, error, isPending, refetch, dataUpdatedAt } = useQuery({ queryKey: ['aws', 'sqs', 'depths'], queryFn: readQueues, refetchInterval: LOOK_EVERY_MS });
  const lines = useLines(data, dataUpdatedAt);
  const most = Math.max(1, ...(data ?? []).map((queue) => queue.waiting + queue.inFlight + queue.delayed));
  return (
    <Surface title={t('queues')}>
      {isPending && <Waiting />}
      {error !== null && <Failed error={error} retry={() => void refetch()} />}
      {data?.length === 0 && (
        <Empty icon={<IconInbox size={26} />} title={t('noQueueYet')} action={create}>
          {t('noQueueYetAbout')}
        </Empty>
      )}
      {data && data.length > 0 && (
        <Table.ScrollContainer minWidth={720}>
          <Table verticalSpacing={8} aria-label={t('queues')}>
            <Table.Thead>
              <Table.Tr>
                <Table.Th>{t('name')}</Table.Th>
                <Table.Th w={240}>{t('queueDepth')}</Table.Th>
                <Table.Th w={190}>{t('lastMinutes')}</Table.Th>
                <Table.Th w={48} aria-label={t('actions')} />
              </Table.Tr>
            </Table.Thead>
            <Table.Tbody>
              {data.map((queue) => (
                <QueueRow key={queue.url} queue={queue} most={most} line={lines[queue.url] ?? []} />
              ))}
            </Table.Tbody>
          </Table>
        </Table.ScrollContainer>
      )}
    </Surface>
  );
}

// How deep each queue was at the last looks.
function useLines(queues: Queue[] | undefined, at: number): Record<string, number[]> {
  const kept = useRef<Record<string, number[]>>({});
  const [lines, setLines] = useState<Record<string, number[]>>({});
  useEffect(() => {
    if (queues === undefined) return;
    kept.current = Object.fromEntries(queues.map(({ url, waiting, inFlight }) => [url, [...(kept.current[url] ?? []), waiting + inFlight].slice(-POINTS)]));
    setLines(kept.current);
  }, [queues, at]);
  return lines;
}

function QueueRow({ queue, most, line }: { queue: Queue; most: number; line: number[] }) {
  const { url, name, waiting, inFlight, delayed } = queue;
  const { ask, dialog } = useConfirm();
  const remove = useAwsChange({ done: t('queueDeleted', { name }) });
  const purge = useAwsChange({ done: t('queuePurged', { name }) });
  const askDelete = async () => {
    const text = t('deleteQueueAbout');
    if (await ask({ title: t('deleteNameAsk', { name }), text, yes: t('delete'), typed: name })) remove.mutate({ service: 'sqs', operation: 'DeleteQueue', input: { QueueUrl: url } });
  };
  const askPurge = async () => {
    const text = t('purgeQueueAbout');
    if (await ask({ title: t('purgeAsk', { name }), text, yes: t('purge') })) purge.mutate({ service: 'sqs', operation: 'PurgeQueue', input: { QueueUrl: url } });
  };
  const share = (count: number) => (100 * count) / most;
  const parts = [
    { count: waiting, color: 'volano', label: t('messagesWaiting', { number: writeNumber(waiting) }) },
    { count: inFlight, color: 'amber', label: t('messagesInFlight', { number: writeNumber(inFlight) }) },
    { count: delayed, color: 'gray', label: t('messagesDelayed', { number: writeNumber(delayed) }) },
  ];
  const shown = parts.filter(({ count }, index) => count > 0 || index === 0);
  return (
    <Table.Tr data-queue={name}>
      <Table.Td>
        {dialog}
        <Group gap={6} wrap="nowrap">
          <Text size="sm" fw={600} className="wrap-anywhere">
            {name}
          </Text>
          {name.endsWith('.fifo') && (
            <Badge size="sm" variant="default">
              FIFO
            </Badge>
          )}
          <Copy value={url} label={t('copyAddress')} />
        </Group>
      </Table.Td>
      <Table.Td>
        <Stack gap={4}>
          <Progress.Root size="md">
            {parts.map(({ count, color, label }) => (
              <Progress.Section key={color} value={share(count)} color={color} aria-label={label} />
            ))}
          </Progress.Root>
          <Text size="xs" c="dimmed">
            {shown.map(({ label }) => label).join(t('comma'))}
          </Text>
        </Stack>
      </Table.Td>
      <Table.Td>{line.length > 1 && <Sparkline w={170} h={34} data={line} color="volano" fillOpacity={0.25} curveType="step" role="img" aria-label={t('lastMinutes')} />}</Table.Td>
      <Table.Td>
        <Menu position="bottom-end">
          <Menu.Target>
            <ActionIcon variant="subtle" color="gray" aria-label={t('actionsFor', { name })}>
              <IconDots size={16} />
            </ActionIcon>
          </Menu.Target>
          <Menu.Dropdown>
            <Menu.Item leftSection={<IconEraser size={16} />} onClick={() => void askPurge()}>
              {t('purge')}
            </Menu.Item>
            <Menu.Item color="red" leftSection={<IconTrash size={16} />} onClick={() => void askDelete()}>
              {t('delete')}
            </Menu.Item>
          </Menu.Dropdown>
        </Menu>
      </Table.Td>
    </Table.Tr>
  );
}
