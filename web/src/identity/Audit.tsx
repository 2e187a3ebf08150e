// Every call through every door, the newest first, with filters.
import { Badge, Button, Checkbox, Group, Table, Text, TextInput, Tooltip } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { useInfiniteQuery } from '@tanstack/react-query';
import { IconListSearch, IconRefresh } from '@tabler/icons-react';
import { useState } from 'react';

import { call } from '../api/call';
import type { AuditRecord } from '../api/schema';
import { Empty, Failed, Surface, Waiting } from '../app/parts';
import { writeDate } from '../i18n/dates';
import { t } from '../i18n/text';

const PAGE = 100;

export function Audit() {
  const [text, setText] = useState({ action: '', resource: '', principal: '' });
  const [only, setOnly] = useState({ errors: false, changes: true });
  const [wanted] = useDebouncedValue(text, 350);
  const filter = { ...wanted, ...only };
  const query = useInfiniteQuery({
    queryKey: ['listAudit', filter],
    queryFn: ({ pageParam }) => call('listAudit', { ...filter, limit: PAGE, cursor: pageParam }),
    initialPageParam: '',
    getNextPageParam: (page) => page.next_cursor ?? undefined,
  });
  const records = query.data?.pages.flatMap((page) => page.items) ?? [];
  const field = (name: keyof typeof text, label: string, placeholder: string) => (
    <TextInput size="xs" label={label} placeholder={placeholder} value={text[name]} onChange={(event) => setText({ ...text, [name]: event.currentTarget.value })} style={{ flex: '1 1 150px' }} />
  );
  return (
    <Surface>
      <Group align="flex-end" gap="sm" mb="sm">
        {field('action', t('action'), 's3:PutObject')}
        {field('resource', t('resource'), 'arn:aws:s3:::reports')}
        {field('principal', t('whoIdOrArn'), 'arn:aws:iam::…:user/ada')}
        <Checkbox size="xs" label={t('changesOnly')} checked={only.changes} onChange={(event) => setOnly({ ...only, changes: event.currentTarget.checked })} mb={6} />
        <Checkbox size="xs" label={t('refusedOrFailed')} checked={only.errors} onChange={(event) => setOnly({ ...only, errors: event.currentTarget.checked })} mb={6} />
        <Button size="xs" variant="default" leftSection={<IconRefresh size={14} />} loading={query.isRefetching} onClick={() => void query.refetch()}>
          {t('lookAgain')}
        </Button>
      </Group>
      {query.isPending && <Waiting />}
      {query.error !== null && <Failed error={query.error} retry={() => void query.refetch()} />}
      {query.data && records.length === 0 && (
        <Empty icon={<IconListSearch size={26} />} title={t('noCallLikeThat')}>
          {t('everyCallIsRecorded')}
        </Empty>
      )}
      {records.length > 0 && <Records records={records} />}
      {query.hasNextPage && (
        <Group justify="center" mt="sm">
          <Button variant="default" loading={query.isFetchingNextPage} onClick={() => void query.fetchNextPage()}>
            {t('loadMore')}
          </Button>
        </Group>
      )}
    </Surface>
  );
}

function Records({ records }: { records: AuditRecord[] }) {
  return (
    <Table.ScrollContainer minWidth={920}>
      <Table fz="xs" verticalSpacing={6} aria-label={t('auditTrail')}>
        <Table.Thead>
          <Table.Tr>
            <Table.Th>{t('time')}</Table.Th>
            <Table.Th>{t('who')}</Table.Th>
            <Table.Th>{t('action')}</Table.Th>
            <Table.Th>{t('resource')}</Table.Th>
            <Table.Th>{t('answer')}</Table.Th>
            <Table.Th>{t('fromWhere')}</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {records.map((record) => (
            <Table.Tr key={record.id}>
              <Table.Td style={{ whiteSpace: 'nowrap' }}>
                <Tooltip label={t('requestTook', { requestId: record.request_id, number: (record.duration_us / 1000).toFixed(1) })}>
                  <span>{writeDate(new Date(record.time_us / 1000), { dateStyle: 'short', timeStyle: 'medium' })}</span>
                </Tooltip>
              </Table.Td>
              <Table.Td title={record.principal_arn}>{record.principal_arn.split(/[/:]/).pop() || t('nobodyShort')}</Table.Td>
              <Table.Td className="mono">{record.action}</Table.Td>
              <Table.Td className="wrap-anywhere" miw={200} maw={280}>
                {record.resource}
              </Table.Td>
              <Table.Td>
                <Badge size="sm" variant="light" tt="none" color={record.status < 400 ? 'green' : record.status < 500 ? 'orange' : 'red'}>
                  {record.error_code || record.status}
                </Badge>
              </Table.Td>
              <Table.Td>
                <Text size="xs">{record.door}</Text>
                <Text size="xs" c="dimmed" title={record.user_agent}>
                  {record.source_ip}
                </Text>
              </Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  );
}
