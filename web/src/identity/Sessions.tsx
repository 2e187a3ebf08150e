// Where the person is signed in, and ending that.
import { Badge, Button, Group, Stack, Table, Text } from '@mantine/core';

import { useCall, useChange } from '../api/call';
import type { OpenSession } from '../api/schema';
import { useConfirm } from '../app/confirm';
import { formatAgo } from '../app/format';
import { Failed, Surface, Waiting } from '../app/parts';

export function Sessions() {
  const { data, error, isPending } = useCall('listSessions', {});
  const end = useChange('endSession', { reads: ['listSessions'], done: 'The session is ended' });
  const endOthers = useChange('endOtherSessions', { reads: ['listSessions'], done: 'You are signed out everywhere else' });
  const { ask, dialog } = useConfirm();
  const leaveAll = async () => {
    const text = 'All sessions but this one end at once. Keys and tokens of programs stay.';
    if (await ask({ title: 'Sign out everywhere else', text, yes: 'Sign out everywhere else' })) endOthers.mutate({});
  };
  const others = data?.items.some((item) => !item.is_current) ?? false;
  return (
    <Surface
      title="Signed in at"
      aside={
        others && (
          <Button size="xs" variant="light" color="red" onClick={() => void leaveAll()}>
            Sign out everywhere else
          </Button>
        )
      }
    >
      {dialog}
      {isPending && <Waiting />}
      {error !== null && <Failed error={error} />}
      <Table.ScrollContainer minWidth={480}>
        <Table verticalSpacing={7}>
          <Table.Tbody>
            {data?.items.map((item) => (
              <Table.Tr key={item.id}>
                <Table.Td>
                  <Group gap={6}>
                    <Text size="sm">{browserName(item)}</Text>
                    {item.is_current && (
                      <Badge size="sm" variant="light" tt="none">
                        this one
                      </Badge>
                    )}
                  </Group>
                  <Text size="xs" c="dimmed">
                    from {item.source_ip}
                    {item.method && `, by ${methodName(item.method)}`}
                  </Text>
                </Table.Td>
                <Table.Td>
                  <Stack gap={0}>
                    <Text size="sm">seen {formatAgo(item.seen_us)}</Text>
                    <Text size="xs" c="dimmed">
                      signed in {formatAgo(item.created_us)}
                    </Text>
                  </Stack>
                </Table.Td>
                <Table.Td ta="right">
                  {!item.is_current && (
                    <Button size="compact-sm" variant="light" color="red" onClick={() => end.mutate({ id: item.id })}>
                      End
                    </Button>
                  )}
                </Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </Table.ScrollContainer>
    </Surface>
  );
}

function methodName(method: string): string {
  return method.replace('provider:', '').replace('link', 'one-time link').replace('+code', ' and code').replace('+mfa', ' with two factors');
}

function browserName(session: OpenSession): string {
  const agent = session.user_agent;
  const browser = ['Edg', 'Firefox', 'Chrome', 'Safari'].find((name) => agent.includes(name));
  const system = ['Android', 'iPhone', 'iPad', 'Windows', 'Mac OS', 'Linux'].find((name) => agent.includes(name));
  return [browser?.replace('Edg', 'Edge') ?? agent.split(' ')[0], system && `on ${system}`].filter(Boolean).join(' ') || 'unknown program';
}
