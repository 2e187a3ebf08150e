// The programs that act for the person (OAuth), and ending that.
import { Button, Table, Text } from '@mantine/core';

import { useCall, useChange } from '../api/call';
import { formatAgo } from '../app/format';
import { Failed, Surface, Waiting } from '../app/parts';

export function Grants() {
  const { data, error, isPending } = useCall('listOauthGrants', {});
  const end = useChange('deleteOauthGrant', { reads: ['listOauthGrants'], done: 'The program can no longer act for you' });
  return (
    <Surface title="Programs that act for me">
      {isPending && <Waiting />}
      {error !== null && <Failed error={error} />}
      {data?.items.length === 0 && (
        <Text size="sm" c="dimmed">
          None. A program that speaks MCP connects at {window.location.origin}/mcp and then asks for your approval.
        </Text>
      )}
      {data && data.items.length > 0 && (
        <Table.ScrollContainer minWidth={420}>
          <Table verticalSpacing={7}>
            <Table.Tbody>
              {data.items.map((grant) => (
                <Table.Tr key={grant.id}>
                  <Table.Td>
                    <Text size="sm">{grant.client_name}</Text>
                    <Text size="xs" c="dimmed">
                      {grant.scope === 'read' ? 'only reads' : 'reads and changes what I may'}
                    </Text>
                  </Table.Td>
                  <Table.Td>
                    <Text size="sm">connected {formatAgo(grant.used_us)}</Text>
                    <Text size="xs" c="dimmed">
                      allowed {formatAgo(grant.created_us)}
                    </Text>
                  </Table.Td>
                  <Table.Td ta="right">
                    <Button size="compact-sm" variant="light" color="red" onClick={() => end.mutate({ id: grant.id })}>
                      End
                    </Button>
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
