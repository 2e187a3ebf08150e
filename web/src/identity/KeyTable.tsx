// Keys of oneself or of another user: list, make (the secret is shown once), revoke.
import { ActionIcon, Button, Group, Modal, NumberInput, Radio, Stack, Table, TagsInput, Text, TextInput, Tooltip } from '@mantine/core';
import { useForm } from '@mantine/form';
import { useDisclosure } from '@mantine/hooks';
import { useMutation } from '@tanstack/react-query';
import { IconKey, IconPlus, IconTrash } from '@tabler/icons-react';

import { call, useCall, useReadAgain, type Operation } from '../api/call';
import type { CreatedKey, KeyView, NewKey } from '../api/schema';
import { useConfirm } from '../app/confirm';
import { formatAgo, formatTime } from '../app/format';
import { Empty, Failed, tell, tellFailure, Waiting } from '../app/parts';
import { KEY_KINDS, keyKind } from './names';
import { useSecret } from './Secret';

const READS: Operation[] = ['listKeys', 'listPersonKeys'];

// Without `user` it is about the person who is signed in.
export function KeyTable({ user }: { user?: string }) {
  const own = useCall('listKeys', {}, { enabled: user === undefined });
  const others = useCall('listPersonKeys', { user: user ?? '' }, { enabled: user !== undefined });
  const { data, error, isPending, refetch } = user === undefined ? own : others;
  const [making, { open, close }] = useDisclosure(false);
  const { reveal, dialog } = useSecret();
  const button = (
    <Button size="xs" leftSection={<IconPlus size={15} />} onClick={open}>
      Create key
    </Button>
  );
  if (isPending) return <Waiting />;
  if (error !== null) return <Failed error={error} retry={() => void refetch()} />;
  return (
    <>
      {dialog}
      <Modal opened={making} onClose={close} title={user === undefined ? 'Create key' : `Create key for ${user}`} centered>
        <NewKeyForm user={user} close={close} done={(key) => reveal(secretOf(key))} />
      </Modal>
      {data.items.length === 0 ? (
        <Empty icon={<IconKey size={26} />} title="No key" action={button}>
          A key lets programs act as {user ?? 'you'}. Its secret is shown once.
        </Empty>
      ) : (
        <>
          <Group justify="flex-end" mb="xs">
            {button}
          </Group>
          <Table.ScrollContainer minWidth={460}>
            <Table verticalSpacing={7}>
              <Table.Thead>
                <Table.Tr>
                  <Table.Th>Key</Table.Th>
                  <Table.Th>Made</Table.Th>
                  <Table.Th>Used</Table.Th>
                  <Table.Th w={40} aria-label="Actions" />
                </Table.Tr>
              </Table.Thead>
              <Table.Tbody>
                {data.items.map((key) => (
                  <Row key={key.id} item={key} user={user} />
                ))}
              </Table.Tbody>
            </Table>
          </Table.ScrollContainer>
        </>
      )}
    </>
  );
}

function secretOf(key: CreatedKey) {
  const isPair = key.kind === 'access-key';
  const values = [
    ...(isPair ? [{ label: 'Access key id', value: key.id }] : []),
    { label: isPair ? 'Secret access key' : 'Secret', value: key.secret },
  ];
  return { title: `${keyKind(key.kind)} is made`, text: 'This is the only time that the secret is shown. Keep it where only the program can read it.', values };
}

function Row({ item, user }: { item: KeyView; user: string | undefined }) {
  const { ask, dialog } = useConfirm();
  const readAgain = useReadAgain();
  const revoke = useMutation({
    mutationFn: () => (user === undefined ? call('deleteKey', { id: item.id }) : call('deletePersonKey', { user, id: item.id })),
    onSuccess: () => {
      tell('The key is revoked');
      readAgain(...READS);
    },
    onError: tellFailure,
  });
  const onRevoke = async () => {
    const text = 'Programs that use it are refused from now on.';
    if (await ask({ title: `Revoke ${item.name}?`, text, yes: 'Revoke' })) revoke.mutate();
  };
  return (
    <Table.Tr data-key-kind={item.kind}>
      <Table.Td>
        {dialog}
        <Text size="sm" fw={500}>
          {item.name}{' '}
          {!item.name.endsWith(item.hint) && (
            <Text span size="xs" c="dimmed" className="mono">
              …{item.hint}
            </Text>
          )}
        </Text>
        <Text size="xs" c="dimmed">
          {[keyKind(item.kind), item.scopes && `only ${item.scopes.join(', ')}`, item.expires_us && `until ${formatTime(item.expires_us)}`, !item.active && 'inactive'].filter(Boolean).join(' · ')}
        </Text>
      </Table.Td>
      <Table.Td style={{ whiteSpace: 'nowrap' }}>{formatAgo(item.created_us)}</Table.Td>
      <Table.Td style={{ whiteSpace: 'nowrap' }}>{item.last_used_us === null ? 'never' : formatAgo(item.last_used_us)}</Table.Td>
      <Table.Td>
        <Tooltip label="Revoke">
          <ActionIcon variant="subtle" color="red" onClick={() => void onRevoke()} loading={revoke.isPending} aria-label={`Revoke ${item.name}`}>
            <IconTrash size={16} />
          </ActionIcon>
        </Tooltip>
      </Table.Td>
    </Table.Tr>
  );
}

function NewKeyForm({ user, close, done }: { user: string | undefined; close: () => void; done: (key: CreatedKey) => void }) {
  const readAgain = useReadAgain();
  const make = useMutation({
    mutationFn: (input: NewKey) => (user === undefined ? call('createKey', input) : call('createPersonKey', { user, ...input })),
    onSuccess: (key) => {
      readAgain(...READS);
      close();
      done(key);
    },
    onError: tellFailure,
  });
  const form = useForm({ initialValues: { kind: 'access-key', name: '', scopes: [] as string[], days: '' as number | '' } });
  const { kind } = form.values;
  const isToken = kind !== 'access-key';
  const submit = form.onSubmit((values) =>
    make.mutate(
      isToken
        ? { kind, name: values.name || (KEY_KINDS[kind]?.title ?? 'Key'), scopes: values.scopes.length > 0 ? values.scopes : null, expires_days: values.days === '' ? null : values.days }
        : { kind },
    ),
  );
  return (
    <form onSubmit={submit}>
      <Stack>
        <Radio.Group {...form.getInputProps('kind')} aria-label="Kind of key">
          <Stack gap="xs">
            {Object.entries(KEY_KINDS).map(([value, { title, about }]) => (
              <Radio.Card key={value} value={value} p="sm" radius="md" className="pick-card" aria-label={title}>
                <Text size="sm" fw={600}>
                  {title}
                </Text>
                <Text size="xs" c="dimmed">
                  {about}
                </Text>
              </Radio.Card>
            ))}
          </Stack>
        </Radio.Group>
        {isToken && (
          <>
            <TextInput label="Name" placeholder="Night report" autoComplete="off" {...form.getInputProps('name')} />
            <TagsInput label="Only for" description="Permission patterns such as models:* or s3:Get*; empty allows all that the policies allow." {...form.getInputProps('scopes')} />
            <NumberInput label="Ends after (days)" placeholder="never" min={1} max={3650} allowDecimal={false} {...form.getInputProps('days')} />
          </>
        )}
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
  );
}
