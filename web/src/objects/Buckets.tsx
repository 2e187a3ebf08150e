// The account's buckets: create, open, delete.
import { ActionIcon, Anchor, Button, Group, Menu, Modal, Stack, Table, Text, TextInput } from '@mantine/core';
import { useForm } from '@mantine/form';
import { IconBucket, IconDots, IconPlus, IconSearch, IconTrash } from '@tabler/icons-react';
import { useState } from 'react';
import { Link, useNavigate, useSearchParams } from 'react-router';

import { useCall, useChange } from '../api/call';
import type { BucketView } from '../api/schema';
import { useConfirm } from '../app/confirm';
import { formatAgo, formatBytes, formatTime } from '../app/format';
import { Empty, Failed, Page, Surface, Waiting } from '../app/parts';
import { writeNumber } from '../i18n/dates';
import { t } from '../i18n/text';
import { bucketNameProblem } from './names';

const SEARCH_FROM = 8;

export function Buckets() {
  const [params, setParams] = useSearchParams();
  const [wanted, setWanted] = useState('');
  const { data, error, isPending, refetch } = useCall('listBuckets', { limit: 1000 }, { every: 15_000 });
  const creating = params.get('create') !== null;
  const setCreating = (open: boolean) => setParams(open ? { create: '1' } : {}, { replace: true });
  const create = (
    <Button leftSection={<IconPlus size={16} />} onClick={() => setCreating(true)}>
      {t('createBucket')}
    </Button>
  );
  const shown = data?.items.filter((bucket) => bucket.name.includes(wanted.trim().toLowerCase())) ?? [];
  return (
    <Page title={t('placeObjects')} about={t('bucketsOfFilesOn')} actions={create}>
      <CreateBucket opened={creating} close={() => setCreating(false)} />
      {isPending && <Waiting />}
      {error !== null && <Failed error={error} retry={() => void refetch()} />}
      {data && data.items.length === 0 && (
        <Surface>
          <Empty icon={<IconBucket size={26} />} title={t('noBucketYet')} action={create}>
            {t('aBucketHoldsFiles')}
          </Empty>
        </Surface>
      )}
      {data && data.items.length > 0 && (
        <Surface>
          {data.items.length >= SEARCH_FROM && (
            <TextInput placeholder={t('findABucket')} aria-label={t('findABucket')} leftSection={<IconSearch size={16} />} value={wanted} onChange={(event) => setWanted(event.currentTarget.value)} mb="sm" maw={320} />
          )}
          <BucketTable buckets={shown} />
        </Surface>
      )}
    </Page>
  );
}

function BucketTable({ buckets }: { buckets: BucketView[] }) {
  return (
    <Table.ScrollContainer minWidth={520}>
      <Table highlightOnHover verticalSpacing="sm">
        <Table.Thead>
          <Table.Tr>
            <Table.Th>{t('name')}</Table.Th>
            <Table.Th>{t('objectsColumn')}</Table.Th>
            <Table.Th>{t('size')}</Table.Th>
            <Table.Th>{t('createdColumn')}</Table.Th>
            <Table.Th w={48} aria-label={t('actions')} />
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {buckets.map((bucket) => (
            <BucketRow key={bucket.name} bucket={bucket} />
          ))}
        </Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  );
}

// The list knows only the hourly count; each row asks for the count of now.
function BucketRow({ bucket }: { bucket: BucketView }) {
  const { data } = useCall('getBucket', { bucket: bucket.name });
  const remove = useChange('deleteBucket', { reads: ['listBuckets'], done: t('bucketDeleted', { name: bucket.name }) });
  const { ask, dialog } = useConfirm();
  const now = data ?? (bucket.counted_us > 0 ? bucket : undefined);
  const more = now?.is_complete === false ? '+' : '';
  const erase = async () => {
    const text = t('onlyAnEmptyBucket');
    if (await ask({ title: t('deleteBucketAsk', { name: bucket.name }), text, yes: t('deleteBucket'), typed: bucket.name })) remove.mutate({ bucket: bucket.name });
  };
  return (
    <Table.Tr>
      <Table.Td>
        <Group gap={10} wrap="nowrap">
          <IconBucket size={18} stroke={1.6} color="var(--mantine-primary-color-filled)" />
          <Anchor component={Link} to={`/objects/${bucket.name}`} fw={600} size="sm">
            {bucket.name}
          </Anchor>
        </Group>
        {dialog}
      </Table.Td>
      <Table.Td>{now ? `${writeNumber(now.objects)}${more}` : ''}</Table.Td>
      <Table.Td>{now ? `${formatBytes(now.size_bytes)}${more}` : ''}</Table.Td>
      <Table.Td>
        <Text size="sm" c="dimmed" title={formatTime(bucket.created_us)}>
          {formatAgo(bucket.created_us)}
        </Text>
      </Table.Td>
      <Table.Td>
        <Menu position="bottom-end">
          <Menu.Target>
            <ActionIcon variant="subtle" color="gray" aria-label={t('actionsFor', { name: bucket.name })}>
              <IconDots size={18} />
            </ActionIcon>
          </Menu.Target>
          <Menu.Dropdown>
            <Menu.Item color="red" leftSection={<IconTrash size={16} />} onClick={() => void erase()}>
              {t('deleteBucket')}
            </Menu.Item>
          </Menu.Dropdown>
        </Menu>
      </Table.Td>
    </Table.Tr>
  );
}

function CreateBucket({ opened, close }: { opened: boolean; close: () => void }) {
  const navigate = useNavigate();
  const make = useChange('createBucket', { reads: ['listBuckets'] });
  const form = useForm({ initialValues: { name: '' }, validate: { name: bucketNameProblem } });
  const submit = form.onSubmit(({ name }) =>
    make.mutate(
      { name },
      {
        onSuccess: () => {
          form.reset();
          void navigate(`/objects/${name}`);
        },
      },
    ),
  );
  return (
    <Modal opened={opened} onClose={close} title={t('createBucket')} centered>
      <form onSubmit={submit}>
        <Stack>
          <TextInput
            label={t('name')}
            description={t('n3To63Lower')}
            placeholder="shop-pictures"
            data-autofocus
            autoComplete="off"
            {...form.getInputProps('name')}
          />
          <Group justify="flex-end" gap="xs">
            <Button variant="default" onClick={close}>
              {t('cancel')}
            </Button>
            <Button type="submit" loading={make.isPending}>
              {t('create')}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}
