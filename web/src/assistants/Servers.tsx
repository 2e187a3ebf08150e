// Outside MCP servers: what each said of its tools when it was approved, and which may be called.
import { Alert, Badge, Button, Checkbox, Group, Modal, PasswordInput, Stack, Table, Text, TextInput } from '@mantine/core';
import { useForm } from '@mantine/form';
import { IconPlugConnected, IconPlus } from '@tabler/icons-react';
import { useState } from 'react';

import { useCall, useChange } from '../api/call';
import type { ServerView } from '../api/schema';
import { useConfirm } from '../app/confirm';
import { t } from '../i18n/text';
import { Copyable } from '../objects/Details';
import { Empty, Failed, Surface, Waiting } from '../app/parts';

export function Servers() {
  const { data, error, isPending } = useCall('listOutsideServers', {});
  const [adding, setAdding] = useState(false);
  const add = (
    <Button leftSection={<IconPlus size={16} />} onClick={() => setAdding(true)}>
      {t('connectServer')}
    </Button>
  );
  if (isPending) return <Waiting />;
  if (error !== null) return <Failed error={error} />;
  return (
    <Stack>
      {adding && <AddDialog onClose={() => setAdding(false)} />}
      {data.items.length === 0 ? (
        <Surface>
          <Empty icon={<IconPlugConnected size={28} />} title={t('noOutsideTools')} action={add}>
            {t('noOutsideToolsAbout')}
          </Empty>
        </Surface>
      ) : (
        <>
          <Group justify="flex-end">{add}</Group>
          {data.items.map((server) => (
            <Server key={server.name} server={server} />
          ))}
        </>
      )}
      <Surface title={t('cloudAsMcp')}>
        <Text size="sm" mb={6}>
          {t('cloudAsMcpAbout')}
        </Text>
        <Copyable value={`${window.location.origin}/mcp`} />
      </Surface>
    </Stack>
  );
}

function Server({ server }: { server: ServerView }) {
  const reads = ['listOutsideServers' as const];
  const approve = useChange('approveOutsideServer', { reads, done: t('toolsApproved') });
  const remove = useChange('deleteOutsideServer', { reads, done: t('serverDisconnected') });
  const [allowed, setAllowed] = useState(server.tools.filter((tool) => tool.allowed).map((tool) => tool.name));
  const { ask, dialog } = useConfirm();
  const drop = async () => {
    if (await ask({ title: t('disconnectAsk', { name: server.name }), text: t('disconnectAbout'), yes: t('disconnect') })) {
      remove.mutate({ name: server.name });
    }
  };
  const toggle = (name: string) => setAllowed(allowed.includes(name) ? allowed.filter((other) => other !== name) : [...allowed, name]);
  return (
    <Surface
      title={
        <Group gap="xs">
          <Text fw={600}>{server.name}</Text>
          <Text size="xs" c="dimmed">
            {server.url}
          </Text>
          {server.changed && (
            <Badge color="red" variant="light" tt="none">
              {t('hasChanged')}
            </Badge>
          )}
        </Group>
      }
      aside={
        <Group gap="xs">
          <Button size="compact-sm" loading={approve.isPending} onClick={() => approve.mutate({ name: server.name, url: server.url, allowed })}>
            {t('approveNow')}
          </Button>
          <Button size="compact-sm" variant="light" color="red" onClick={() => void drop()}>
            {t('disconnect')}
          </Button>
        </Group>
      }
    >
      {dialog}
      {server.changed && (
        <Alert color="red" mb="sm">
          {t('serverChangedAbout')}
        </Alert>
      )}
      <Table verticalSpacing={6}>
        <Table.Tbody>
          {server.tools.map((tool) => (
            <Table.Tr key={tool.name}>
              <Table.Td w={36}>
                <Checkbox aria-label={t('allowNamed', { name: tool.name })} checked={allowed.includes(tool.name)} onChange={() => toggle(tool.name)} />
              </Table.Td>
              <Table.Td>
                <Text size="sm" fw={600}>
                  {tool.name}
                </Text>
                <Text size="xs" c="dimmed" style={{ whiteSpace: 'pre-wrap' }}>
                  {tool.description || t('saysNothing')}
                </Text>
              </Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Surface>
  );
}

function AddDialog({ onClose }: { onClose: () => void }) {
  const approve = useChange('approveOutsideServer', { reads: ['listOutsideServers'] });
  const form = useForm({ initialValues: { name: '', url: '', token: '' } });
  return (
    <Modal opened onClose={onClose} title={t('connectMcp')}>
      <form onSubmit={form.onSubmit((values) => approve.mutate({ ...values, allowed: [] }, { onSuccess: onClose }))}>
        <Stack>
          <TextInput label={t('name')} description={t('serverNameRule')} required {...form.getInputProps('name')} />
          <TextInput label={t('address')} placeholder="https://tools.example/mcp" required {...form.getInputProps('url')} />
          <PasswordInput label={t('token')} description={t('tokenAbout')} {...form.getInputProps('token')} />
          <Text size="xs" c="dimmed">
            {t('noToolBefore')}
          </Text>
          <Group justify="flex-end">
            <Button variant="default" onClick={onClose}>
              {t('cancel')}
            </Button>
            <Button type="submit" loading={approve.isPending}>
              {t('lookAtTools')}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}
