// Every version of the objects below a prefix, newest first by name: bring one back, or delete it
// for good.
import { ActionIcon, Badge, Button, Group, Menu, Table, Text } from '@mantine/core';
import { useInfiniteQuery, useQueryClient } from '@tanstack/react-query';
import { IconArrowBackUp, IconDots, IconDownload, IconHistory, IconTrash } from '@tabler/icons-react';

import { aws } from '../api/aws';
import { useConfirm } from '../app/confirm';
import { formatBytes } from '../app/format';
import { Empty, Failed, tell, tellFailure, Waiting } from '../app/parts';
import { writeDate } from '../i18n/dates';
import { t } from '../i18n/text';
import { lastPart, objectUrl } from './names';

interface Entry {
  Key: string;
  VersionId: string;
  IsLatest: boolean;
  LastModified: string;
  Size?: number;
  isMarker?: boolean;
}

interface Answer {
  Versions?: Entry[];
  DeleteMarkers?: Entry[];
  IsTruncated?: boolean;
  NextKeyMarker?: string;
  NextVersionIdMarker?: string;
}

const PAGE = 200;

export function VersionTable({ bucket, prefix, changed }: { bucket: string; prefix: string; changed: () => void }) {
  const queries = useQueryClient();
  const { ask, dialog } = useConfirm();
  const query = useInfiniteQuery({
    queryKey: ['aws', 's3', 'ListObjectVersions', bucket, prefix],
    queryFn: ({ pageParam }) => aws<Answer>('s3', 'ListObjectVersions', { Bucket: bucket, Prefix: prefix, MaxKeys: PAGE, ...pageParam }),
    initialPageParam: {} as { KeyMarker?: string; VersionIdMarker?: string },
    getNextPageParam: (page) => (page.IsTruncated ? { KeyMarker: page.NextKeyMarker, VersionIdMarker: page.NextVersionIdMarker } : undefined),
  });
  const entries = (query.data?.pages ?? []).flatMap(inOrder);
  const act = async (operation: string, input: Record<string, unknown>, done: string) => {
    try {
      await aws('s3', operation, { Bucket: bucket, ...input });
      tell(done);
    } catch (error) {
      tellFailure(error);
    }
    await queries.invalidateQueries({ queryKey: ['aws', 's3'] });
    changed();
  };
  const restore = (entry: Entry) => {
    const name = lastPart(entry.Key);
    const CopySource = `${bucket}/${encodeURIComponent(entry.Key)}?versionId=${entry.VersionId}`;
    void act('CopyObject', { Key: entry.Key, CopySource }, t('broughtBack', { name }));
  };
  const erase = async (entry: Entry) => {
    const title = entry.isMarker ? t('removeMarkerAsk', { key: lastPart(entry.Key) }) : t('deleteVersionAsk', { key: lastPart(entry.Key) });
    const text = entry.isMarker ? t('theVersionBeforeIt') : t('aDeletedVersionCannot');
    if (await ask({ title, text, yes: entry.isMarker ? t('remove') : t('delete'), calm: entry.isMarker })) {
      await act('DeleteObject', { Key: entry.Key, VersionId: entry.VersionId }, entry.isMarker ? t('theMarkerIsRemoved') : t('theVersionIsDeleted'));
    }
  };
  if (query.isPending) return <Waiting />;
  if (query.error !== null) return <Failed error={query.error} retry={() => void query.refetch()} />;
  if (entries.length === 0) {
    return (
      <Empty icon={<IconHistory size={26} />} title={t('noVersionHere')}>
        {t('turnVersioningOnIn')}
      </Empty>
    );
  }
  return (
    <>
      {dialog}
      <Table.ScrollContainer minWidth={560}>
        <Table verticalSpacing={7} aria-label={t('versionsIn', { bucket, prefix })}>
          <Table.Thead>
            <Table.Tr>
              <Table.Th>{t('name')}</Table.Th>
              <Table.Th w={170}>{t('writtenAt')}</Table.Th>
              <Table.Th w={110}>{t('size')}</Table.Th>
              <Table.Th w={48} aria-label={t('actions')} />
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {entries.map((entry, index) => (
              <Table.Tr key={`${entry.Key} ${entry.VersionId}`} data-key={entry.Key} data-version={entry.VersionId}>
                <Table.Td>
                  <Group gap={8} wrap="nowrap" pl={entry.IsLatest || entries[index - 1]?.Key !== entry.Key ? 0 : 24}>
                    <Text size="sm" style={{ overflowWrap: 'anywhere' }} fw={entry.IsLatest ? 600 : 400} c={entry.isMarker ? 'dimmed' : undefined}>
                      {entry.Key.slice(prefix.length)}
                    </Text>
                    {entry.isMarker && (
                      <Badge size="xs" color="red" variant="light" tt="none">
                        {t('versionDeleted')}
                      </Badge>
                    )}
                    {entry.IsLatest && !entry.isMarker && (
                      <Badge size="xs" color="green" variant="light" tt="none">
                        {t('versionCurrent')}
                      </Badge>
                    )}
                  </Group>
                  <Text size="xs" c="dimmed" className="mono">
                    {entry.VersionId}
                  </Text>
                </Table.Td>
                <Table.Td style={{ whiteSpace: 'nowrap' }}>{writeDate(new Date(entry.LastModified), { dateStyle: 'short', timeStyle: 'medium' })}</Table.Td>
                <Table.Td>{entry.isMarker ? '' : formatBytes(entry.Size ?? 0)}</Table.Td>
                <Table.Td>
                  <Menu position="bottom-end">
                    <Menu.Target>
                      <ActionIcon variant="subtle" color="gray" aria-label={t('actionsForVersion', { versionId: entry.VersionId })}>
                        <IconDots size={18} />
                      </ActionIcon>
                    </Menu.Target>
                    <Menu.Dropdown>
                      {!entry.isMarker && (
                        <Menu.Item component="a" href={objectUrl(bucket, entry.Key, `?download=true&version_id=${encodeURIComponent(entry.VersionId)}`)} leftSection={<IconDownload size={16} />}>
                          {t('download')}
                        </Menu.Item>
                      )}
                      {!entry.isMarker && !entry.IsLatest && (
                        <Menu.Item leftSection={<IconArrowBackUp size={16} />} onClick={() => restore(entry)}>
                          {t('bringBack')}
                        </Menu.Item>
                      )}
                      <Menu.Item color="red" leftSection={<IconTrash size={16} />} onClick={() => void erase(entry)}>
                        {entry.isMarker ? t('removeMarker') : t('deleteVersion')}
                      </Menu.Item>
                    </Menu.Dropdown>
                  </Menu>
                </Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </Table.ScrollContainer>
      {query.hasNextPage && (
        <Group justify="center" mt="sm">
          <Button variant="default" loading={query.isFetchingNextPage} onClick={() => void query.fetchNextPage()}>
            {t('loadMore')}
          </Button>
        </Group>
      )}
    </>
  );
}

// S3 lists versions and markers apart; people read them as one history.
function inOrder(page: Answer): Entry[] {
  const all = [...(page.Versions ?? []), ...(page.DeleteMarkers ?? []).map((entry) => ({ ...entry, isMarker: true }))];
  return all.sort((a, b) => (a.Key < b.Key ? -1 : a.Key > b.Key ? 1 : Number(b.IsLatest) - Number(a.IsLatest) || b.LastModified.localeCompare(a.LastModified)));
}
