// The own passkeys: add, rename, remove.
import { ActionIcon, Badge, Button, Group, Modal, Stack, Table, Text, TextInput } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { useMutation } from '@tanstack/react-query';
import { IconFingerprint, IconPencil, IconPlus, IconTrash } from '@tabler/icons-react';
import { useState } from 'react';

import { useChange, useReadAgain } from '../api/call';
import type { PasskeyView } from '../api/schema';
import { useConfirm } from '../app/confirm';
import { formatAgo } from '../app/format';
import { Empty, Surface, tell, tellFailure } from '../app/parts';
import { canUsePasskeys, createPasskey, wasCancelled } from './webauthn';

export function Passkeys({ passkeys }: { passkeys: PasskeyView[] }) {
  const [adding, { open, close }] = useDisclosure(false);
  const [renamed, setRenamed] = useState<PasskeyView | null>(null);
  const remove = useChange('deletePasskey', { reads: ['getSecurity'], done: 'The passkey is removed' });
  const rename = useChange('renamePasskey', { reads: ['getSecurity'] });
  const { ask, dialog } = useConfirm();
  const button = (
    <Button size="xs" leftSection={<IconPlus size={15} />} onClick={open} disabled={!canUsePasskeys()}>
      Add passkey
    </Button>
  );
  const removeIt = async (passkey: PasskeyView) => {
    const yes = await ask({
      title: 'Remove passkey',
      text: `“${passkey.name}” will not sign you in any more. Your device may still offer it: delete it there too.`,
      yes: 'Remove',
    });
    if (yes) remove.mutate({ id: passkey.id });
  };
  return (
    <Surface title="Passkeys" aside={passkeys.length > 0 && button}>
      {dialog}
      <Modal opened={adding} onClose={close} title="Add a passkey" centered>
        {adding && <Add close={close} />}
      </Modal>
      <Modal opened={renamed !== null} onClose={() => setRenamed(null)} title="Rename passkey" centered>
        {renamed && (
          <Name
            first={renamed.name}
            submit="Rename"
            busy={rename.isPending}
            take={(name) => rename.mutate({ id: renamed.id, name }, { onSuccess: () => setRenamed(null) })}
          />
        )}
      </Modal>
      {!canUsePasskeys() && (
        <Text size="sm" c="dimmed" mb="sm">
          Passkeys need the console’s host name with HTTPS, or localhost; this page was opened by an address.
        </Text>
      )}
      {passkeys.length === 0 ? (
        <Empty icon={<IconFingerprint size={26} />} title="No passkey yet" action={button}>
          Sign in with your finger, face or PIN: no password to guess or to give away.
        </Empty>
      ) : (
        <Table.ScrollContainer minWidth={320}>
          <Table verticalSpacing={7}>
            <Table.Tbody>
              {passkeys.map((passkey) => (
                <Table.Tr key={passkey.id}>
                  <Table.Td>
                    <Group gap={6}>
                      <Text size="sm">{passkey.name}</Text>
                      {passkey.backed_up && (
                        <Badge size="sm" variant="light" tt="none">
                          synced
                        </Badge>
                      )}
                    </Group>
                    <Text size="xs" c="dimmed">
                      {passkey.site}, made {formatAgo(passkey.created_us)},{' '}
                      {passkey.used_us === null ? 'never used' : `used ${formatAgo(passkey.used_us)}`}
                    </Text>
                  </Table.Td>
                  <Table.Td ta="right">
                    <Group gap={2} justify="flex-end" wrap="nowrap">
                      <ActionIcon variant="subtle" color="gray" aria-label={`Rename ${passkey.name}`} onClick={() => setRenamed(passkey)}>
                        <IconPencil size={16} />
                      </ActionIcon>
                      <ActionIcon variant="subtle" color="red" aria-label={`Remove ${passkey.name}`} onClick={() => void removeIt(passkey)}>
                        <IconTrash size={16} />
                      </ActionIcon>
                    </Group>
                  </Table.Td>
                </Table.Tr>
              ))}
            </Table.Tbody>
          </Table>
        </Table.ScrollContainer>
      )}
    </Surface>
  );
}

function Add({ close }: { close: () => void }) {
  const again = useReadAgain();
  const add = useMutation({
    mutationFn: createPasskey,
    onSuccess: () => {
      again('getSecurity');
      tell('The passkey is kept');
      close();
    },
    onError: (error) => (wasCancelled(error) ? close() : tellFailure(error)),
  });
  return <Name first={deviceName()} submit="Add passkey" busy={add.isPending} take={(name) => add.mutate(name)} />;
}

function Name({ first, submit, busy, take }: { first: string; submit: string; busy: boolean; take: (name: string) => void }) {
  const [name, setName] = useState(first);
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        take(name.trim());
      }}
    >
      <Stack>
        <TextInput label="Name" required maxLength={64} data-autofocus value={name} onChange={(event) => setName(event.currentTarget.value)} />
        <Group justify="flex-end">
          <Button type="submit" loading={busy} disabled={name.trim() === ''}>
            {submit}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}

function deviceName(): string {
  const known = ['Android', 'iPhone', 'iPad', 'Windows', 'Mac', 'Linux'].find((name) => navigator.userAgent.includes(name));
  return known ? `My ${known}${known === 'Windows' || known === 'Linux' ? ' computer' : ''}` : 'My device';
}
