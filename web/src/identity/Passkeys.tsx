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
import { t } from '../i18n/text';
import { canUsePasskeys, createPasskey, wasCancelled } from './webauthn';

export function Passkeys({ passkeys }: { passkeys: PasskeyView[] }) {
  const [adding, { open, close }] = useDisclosure(false);
  const [renamed, setRenamed] = useState<PasskeyView | null>(null);
  const remove = useChange('deletePasskey', { reads: ['getSecurity'], done: t('thePasskeyIsRemoved') });
  const rename = useChange('renamePasskey', { reads: ['getSecurity'] });
  const { ask, dialog } = useConfirm();
  const button = (
    <Button size="xs" leftSection={<IconPlus size={15} />} onClick={open} disabled={!canUsePasskeys()}>
      {t('addPasskey')}
    </Button>
  );
  const removeIt = async (passkey: PasskeyView) => {
    const yes = await ask({
      title: t('removePasskey'),
      text: t('nameWillNotSign', { name: passkey.name }),
      yes: t('remove'),
    });
    if (yes) remove.mutate({ id: passkey.id });
  };
  return (
    <Surface title={t('passkeys')} aside={passkeys.length > 0 && button}>
      {dialog}
      <Modal opened={adding} onClose={close} title={t('addAPasskey')} centered>
        {adding && <Add close={close} />}
      </Modal>
      <Modal opened={renamed !== null} onClose={() => setRenamed(null)} title={t('renamePasskey')} centered>
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
          {t('passkeysNeedTheConsoles')}
        </Text>
      )}
      {passkeys.length === 0 ? (
        <Empty icon={<IconFingerprint size={26} />} title={t('noPasskeyYet')} action={button}>
          {t('signInWithYour')}
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
                          {t('passkeySynced')}
                        </Badge>
                      )}
                    </Group>
                    <Text size="xs" c="dimmed">
                      {t('passkeyFacts', { site: passkey.site, time: formatAgo(passkey.created_us), used: passkey.used_us === null ? t('neverUsed') : t('usedAgo', { time: formatAgo(passkey.used_us) }) })}
                    </Text>
                  </Table.Td>
                  <Table.Td ta="right">
                    <Group gap={2} justify="flex-end" wrap="nowrap">
                      <ActionIcon variant="subtle" color="gray" aria-label={t('renameName', { name: passkey.name })} onClick={() => setRenamed(passkey)}>
                        <IconPencil size={16} />
                      </ActionIcon>
                      <ActionIcon variant="subtle" color="red" aria-label={t('removeName', { name: passkey.name })} onClick={() => void removeIt(passkey)}>
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
      tell(t('thePasskeyIsKept'));
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
        <TextInput label={t('name')} required maxLength={64} data-autofocus value={name} onChange={(event) => setName(event.currentTarget.value)} />
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
  return known ? t(known === 'Windows' || known === 'Linux' ? 'myComputer' : 'myDeviceNamed', { device: known }) : t('myDevice');
}
