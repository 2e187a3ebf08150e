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
import { t } from '../i18n/text';
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
      {t('createKey')}
    </Button>
  );
  if (isPending) return <Waiting />;
  if (error !== null) return <Failed error={error} retry={() => void refetch()} />;
  return (
    <>
      {dialog}
      <Modal opened={making} onClose={close} title={user === undefined ? t('createKey') : t('createKeyForUser', { user })} centered>
        <NewKeyForm user={user} close={close} done={(key) => reveal(secretOf(key))} />
      </Modal>
      {data.items.length === 0 ? (
        <Empty icon={<IconKey size={26} />} title={t('noKey')} action={button}>
          {t('aKeyLetsPrograms', { user: user ?? t('you') })}
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
                  <Table.Th>{t('keyOfPerson')}</Table.Th>
                  <Table.Th>{t('madeColumn')}</Table.Th>
                  <Table.Th>{t('usedColumn')}</Table.Th>
                  <Table.Th w={40} aria-label={t('actions')} />
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
    ...(isPair ? [{ label: t('accessKeyId'), value: key.id }] : []),
    { label: isPair ? t('accessKeySecret') : t('secretOfKey'), value: key.secret },
  ];
  return { title: t('kindIsMade', { kind: keyKind(key.kind) }), text: t('thisIsTheOnly'), values };
}

function Row({ item, user }: { item: KeyView; user: string | undefined }) {
  const { ask, dialog } = useConfirm();
  const readAgain = useReadAgain();
  const revoke = useMutation({
    mutationFn: () => (user === undefined ? call('deleteKey', { id: item.id }) : call('deletePersonKey', { user, id: item.id })),
    onSuccess: () => {
      tell(t('theKeyIsRevoked'));
      readAgain(...READS);
    },
    onError: tellFailure,
  });
  const onRevoke = async () => {
    const text = t('programsThatUseIt');
    if (await ask({ title: t('revokeAsk', { name: item.name }), text, yes: t('revoke') })) revoke.mutate();
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
          {[keyKind(item.kind), item.scopes && t('keyScopes', { scopes: item.scopes.join(', ') }), item.expires_us && t('keyUntil', { time: formatTime(item.expires_us) }), !item.active && t('inactiveKey')].filter(Boolean).join(' · ')}
        </Text>
      </Table.Td>
      <Table.Td style={{ whiteSpace: 'nowrap' }}>{formatAgo(item.created_us)}</Table.Td>
      <Table.Td style={{ whiteSpace: 'nowrap' }}>{item.last_used_us === null ? t('never') : formatAgo(item.last_used_us)}</Table.Td>
      <Table.Td>
        <Tooltip label={t('revoke')}>
          <ActionIcon variant="subtle" color="red" onClick={() => void onRevoke()} loading={revoke.isPending} aria-label={t('revokeNamed', { name: item.name })}>
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
        ? { kind, name: values.name || (keyKind(kind)), scopes: values.scopes.length > 0 ? values.scopes : null, expires_days: values.days === '' ? null : values.days }
        : { kind },
    ),
  );
  return (
    <form onSubmit={submit}>
      <Stack>
        <Radio.Group {...form.getInputProps('kind')} aria-label={t('kindOfKey')}>
          <Stack gap="xs">
            {Object.entries(KEY_KINDS).map(([value, { title, about }]) => (
              <Radio.Card key={value} value={value} p="sm" radius="md" className="pick-card" aria-label={t(title)}>
                <Text size="sm" fw={600}>
                  {t(title)}
                </Text>
                <Text size="xs" c="dimmed">
                  {t(about)}
                </Text>
              </Radio.Card>
            ))}
          </Stack>
        </Radio.Group>
        {isToken && (
          <>
            <TextInput label={t('name')} placeholder={t('nightReport')} autoComplete="off" {...form.getInputProps('name')} />
            <TagsInput label={t('keyOnlyFor')} description={t('permissionPatternsSuchAs')} {...form.getInputProps('scopes')} />
            <NumberInput label={t('endsAfterDays')} placeholder={t('neverEnds')} min={1} max={3650} allowDecimal={false} {...form.getInputProps('days')} />
          </>
        )}
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
  );
}
