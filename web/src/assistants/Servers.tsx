// Outside MCP servers: what each said of its tools when it was approved, and which may be called.
import { Alert, Badge, Button, Checkbox, Group, Modal, PasswordInput, Stack, Table, Text, TextInput } from '@mantine/core';
import { useForm } from '@mantine/form';
import { IconPlugConnected, IconPlus } from '@tabler/icons-react';
import { useState } from 'react';

import { useCall, useChange } from '../api/call';
import type { ServerView } from '../api/schema';
import { useConfirm } from '../app/confirm';
import { Copyable } from '../objects/Details';
import { Empty, Failed, Surface, Waiting } from '../app/parts';

export function Servers() {
  const { data, error, isPending } = useCall('listOutsideServers', {});
  const [adding, setAdding] = useState(false);
  const add = (
    <Button leftSection={<IconPlus size={16} />} onClick={() => setAdding(true)}>
      Connect a server
    </Button>
  );
  if (isPending) return <Waiting />;
  if (error !== null) return <Failed error={error} />;
  return (
    <Stack>
      {adding && <AddDialog onClose={() => setAdding(false)} />}
      {data.items.length === 0 ? (
        <Surface>
          <Empty icon={<IconPlugConnected size={28} />} title="No outside tools" action={add}>
            Connect an MCP server, read what its tools say of themselves, and choose which assistants may call.
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
      <Surface title="This cloud as an MCP server">
        <Text size="sm" mb={6}>
          Programs that speak MCP use this cloud’s actions as the person who connects them:
        </Text>
        <Copyable value={`${window.location.origin}/mcp`} />
      </Surface>
    </Stack>
  );
}

function Server({ server }: { server: ServerView }) {
  const reads = ['listOutsideServers' as const];
  const approve = useChange('approveOutsideServer', { reads, done: 'The tools are approved' });
  const remove = useChange('deleteOutsideServer', { reads, done: 'The server is disconnected' });
  const [allowed, setAllowed] = useState(server.tools.filter((tool) => tool.allowed).map((tool) => tool.name));
  const { ask, dialog } = useConfirm();
  const drop = async () => {
    if (await ask({ title: `Disconnect ${server.name}?`, text: 'Assistants can no longer call its tools.', yes: 'Disconnect' })) {
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
              changed
            </Badge>
          )}
        </Group>
      }
      aside={
        <Group gap="xs">
          <Button size="compact-sm" loading={approve.isPending} onClick={() => approve.mutate({ name: server.name, url: server.url, allowed })}>
            Approve as it is now
          </Button>
          <Button size="compact-sm" variant="light" color="red" onClick={() => void drop()}>
            Disconnect
          </Button>
        </Group>
      }
    >
      {dialog}
      {server.changed && (
        <Alert color="red" mb="sm">
          The server describes its tools in another way than was approved, so nothing calls it. Look at it, then approve it again.
        </Alert>
      )}
      <Table verticalSpacing={6}>
        <Table.Tbody>
          {server.tools.map((tool) => (
            <Table.Tr key={tool.name}>
              <Table.Td w={36}>
                <Checkbox aria-label={`Allow ${tool.name}`} checked={allowed.includes(tool.name)} onChange={() => toggle(tool.name)} />
              </Table.Td>
              <Table.Td>
                <Text size="sm" fw={600}>
                  {tool.name}
                </Text>
                <Text size="xs" c="dimmed" style={{ whiteSpace: 'pre-wrap' }}>
                  {tool.description || 'It says nothing of itself.'}
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
    <Modal opened onClose={onClose} title="Connect an MCP server">
      <form onSubmit={form.onSubmit((values) => approve.mutate({ ...values, allowed: [] }, { onSuccess: onClose }))}>
        <Stack>
          <TextInput label="Name" description="Small letters, digits and hyphens" required {...form.getInputProps('name')} />
          <TextInput label="Address" placeholder="https://tools.example/mcp" required {...form.getInputProps('url')} />
          <PasswordInput label="Token" description="If the server wants one" {...form.getInputProps('token')} />
          <Text size="xs" c="dimmed">
            No tool may be called before you choose it on the next page.
          </Text>
          <Group justify="flex-end">
            <Button variant="default" onClick={onClose}>
              Cancel
            </Button>
            <Button type="submit" loading={approve.isPending}>
              Look at its tools
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}
