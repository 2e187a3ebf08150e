// The own account: who I am, my password, where I am signed in.
import { Badge, Button, Grid, Group, Stack, Table, Text } from '@mantine/core';

import { useCall, useChange } from '../api/call';
import type { OpenSession } from '../api/schema';
import { formatAgo } from '../app/format';
import { Failed, Surface, Waiting } from '../app/parts';
import { useSession } from '../app/session';
import { Copyable, FactTable } from '../objects/Details';
import { PasswordForm } from './Password';

export function Account() {
  const session = useSession();
  return (
    <Grid gap="lg">
      <Grid.Col span={{ base: 12, md: 6 }}>
        <Surface title={session.has_password ? 'Change password' : 'Set a password'}>
          <PasswordForm />
        </Surface>
      </Grid.Col>
      <Grid.Col span={{ base: 12, md: 6 }}>
        <Surface title="Who I am">
          <FactTable
            rows={[
              ['Name', session.display_name],
              ['E-mail', session.email],
              ['Account', `${session.account_name} (${session.account})`],
              ['ARN', <Copyable key="arn" value={session.arn} />],
              ['Region', session.region],
              ['Operator', session.is_operator ? 'yes: of the whole cloud' : ''],
            ]}
          />
        </Surface>
      </Grid.Col>
      <Grid.Col span={12}>
        <Sessions />
      </Grid.Col>
    </Grid>
  );
}

function Sessions() {
  const { data, error, isPending } = useCall('listSessions', {});
  const end = useChange('endSession', { reads: ['listSessions'], done: 'The session is ended' });
  return (
    <Surface title="Signed in at">
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

function browserName(session: OpenSession): string {
  const agent = session.user_agent;
  const browser = ['Edg', 'Firefox', 'Chrome', 'Safari'].find((name) => agent.includes(name));
  const system = ['Android', 'iPhone', 'iPad', 'Windows', 'Mac OS', 'Linux'].find((name) => agent.includes(name));
  return [browser?.replace('Edg', 'Edge') ?? agent.split(' ')[0], system && `on ${system}`].filter(Boolean).join(' ') || 'unknown program';
}
