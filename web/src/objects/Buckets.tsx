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
      Create bucket
    </Button>
  );
  const shown = data?.items.filter((bucket) => bucket.name.includes(wanted.trim().toLowerCase())) ?? [];
  return (
    <Page title="Objects" about="Buckets of files, on disk before the answer. S3 programs use them too." actions={create}>
      <CreateBucket opened={creating} close={() => setCreating(false)} />
      {isPending && <Waiting />}
      {error !== null && <Failed error={error} retry={() => void refetch()} />}
      {data && data.items.length === 0 && (
        <Surface>
          <Empty icon={<IconBucket size={26} />} title="No bucket yet" action={create}>
            A bucket holds files under names that you choose. Create one, then drop files into it here, or use any S3 program.
          </Empty>
        </Surface>
      )}
      {data && data.items.length > 0 && (
        <Surface>
          {data.items.length >= SEARCH_FROM && (
            <TextInput placeholder="Find a bucket" aria-label="Find a bucket" leftSection={<IconSearch size={16} />} value={wanted} onChange={(event) => setWanted(event.currentTarget.value)} mb="sm" maw={320} />
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
            <Table.Th>Name</Table.Th>
            <Table.Th>Objects</Table.Th>
            <Table.Th>Size</Table.Th>
            <Table.Th>Created</Table.Th>
            <Table.Th w={48} aria-label="Actions" />
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
  const remove = useChange('deleteBucket', { reads: ['listBuckets'], done: `Bucket ${bucket.name} is deleted` });
  const { ask, dialog } = useConfirm();
  const now = data ?? (bucket.counted_us > 0 ? bucket : undefined);
  const more = now?.is_complete === false ? '+' : '';
  const erase = async () => {
    const text = 'Only an empty bucket can be deleted. Its name becomes free for others.';
    if (await ask({ title: `Delete bucket ${bucket.name}?`, text, yes: 'Delete bucket', typed: bucket.name })) remove.mutate({ bucket: bucket.name });
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
      <Table.Td>{now ? `${now.objects.toLocaleString()}${more}` : ''}</Table.Td>
      <Table.Td>{now ? `${formatBytes(now.size_bytes)}${more}` : ''}</Table.Td>
      <Table.Td>
        <Text size="sm" c="dimmed" title={formatTime(bucket.created_us)}>
          {formatAgo(bucket.created_us)}
        </Text>
      </Table.Td>
      <Table.Td>
        <Menu position="bottom-end">
          <Menu.Target>
            <ActionIcon variant="subtle" color="gray" aria-label={`Actions for ${bucket.name}`}>
              <IconDots size={18} />
            </ActionIcon>
          </Menu.Target>
          <Menu.Dropdown>
            <Menu.Item color="red" leftSection={<IconTrash size={16} />} onClick={() => void erase()}>
              Delete bucket
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
    <Modal opened={opened} onClose={close} title="Create bucket" centered>
      <form onSubmit={submit}>
        <Stack>
          <TextInput
            label="Name"
            description="3 to 63 lower-case letters, digits, dots and hyphens. It is part of every link to its objects."
            placeholder="shop-pictures"
            data-autofocus
            autoComplete="off"
            {...form.getInputProps('name')}
          />
          <Group justify="flex-end" gap="xs">
            <Button variant="default" onClick={close}>
              Cancel
            </Button>
            <Button type="submit" loading={make.isPending}>
              Create
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}
