// Where the person is signed in, and ending that.
import { Badge, Button, Group, Stack, Table, Text } from '@mantine/core';

import { useCall, useChange } from '../api/call';
import type { OpenSession } from '../api/schema';
import { useConfirm } from '../app/confirm';
import { formatAgo } from '../app/format';
import { Failed, Surface, Waiting } from '../app/parts';
import { t } from '../i18n/text';

export function Sessions() {
  const { data, error, isPending } = useCall('listSessions', {});
  const end = useChange('endSession', { reads: ['listSessions'], done: t('theSessionIsEnded') });
  const endOthers = useChange('endOtherSessions', { reads: ['listSessions'], done: t('youAreSignedOut') });
  const { ask, dialog } = useConfirm();
  const leaveAll = async () => {
    const text = t('allSessionsButThis');
    if (await ask({ title: t('signOutEverywhereElse'), text, yes: t('signOutEverywhereElse') })) endOthers.mutate({});
  };
  const others = data?.items.some((item) => !item.is_current) ?? false;
  return (
    <Surface
      title={t('signedInAt')}
      aside={
        others && (
          <Button size="xs" variant="light" color="red" onClick={() => void leaveAll()}>
            {t('signOutEverywhereElse')}
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
                        {t('thisSession')}
                      </Badge>
                    )}
                  </Group>
                  <Text size="xs" c="dimmed">
                    {t('sessionFrom', { address: item.source_ip, method: item.method && t('sessionMethod', { method: methodName(item.method) }) })}
                  </Text>
                </Table.Td>
                <Table.Td>
                  <Stack gap={0}>
                    <Text size="sm">{t('seenAgo', { time: formatAgo(item.seen_us) })}</Text>
                    <Text size="xs" c="dimmed">
                      {t('signedInAgo', { time: formatAgo(item.created_us) })}
                    </Text>
                  </Stack>
                </Table.Td>
                <Table.Td ta="right">
                  {!item.is_current && (
                    <Button size="compact-sm" variant="light" color="red" onClick={() => end.mutate({ id: item.id })}>
                      {t('endSession')}
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
  const said = method.replace('provider:', '').replace('password', t('byPassword')).replace('passkey', t('byPasskey')).replace('link', t('oneTimeLink'));
  return said.replace('+code', t('andCode')).replace('+mfa', t('withTwoFactors'));
}

function browserName(session: OpenSession): string {
  const agent = session.user_agent;
  const browser = ['Edg', 'Firefox', 'Chrome', 'Safari'].find((name) => agent.includes(name));
  const system = ['Android', 'iPhone', 'iPad', 'Windows', 'Mac OS', 'Linux'].find((name) => agent.includes(name));
  const program = browser?.replace('Edg', 'Edge') ?? agent.split(' ')[0];
  if (!program) return t('unknownProgram');
  return system ? t('programOnSystem', { program, system }) : program;
}
