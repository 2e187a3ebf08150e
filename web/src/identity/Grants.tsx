// The programs that act for the person (OAuth), and ending that.
import { Button, Table, Text } from '@mantine/core';

import { useCall, useChange } from '../api/call';
import { formatAgo } from '../app/format';
import { Failed, Surface, Waiting } from '../app/parts';
import { t } from '../i18n/text';

export function Grants() {
  const { data, error, isPending } = useCall('listOauthGrants', {});
  const end = useChange('deleteOauthGrant', { reads: ['listOauthGrants'], done: t('theProgramCanNo') });
  return (
    <Surface title={t('programsThatActFor')}>
      {isPending && <Waiting />}
      {error !== null && <Failed error={error} />}
      {data?.items.length === 0 && (
        <Text size="sm" c="dimmed">
          {t('noneAProgramThat', { origin: window.location.origin })}
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
                      {grant.scope === 'read' ? t('onlyReads') : t('readsAndChangesWhat')}
                    </Text>
                  </Table.Td>
                  <Table.Td>
                    <Text size="sm">{t('connectedAgo', { time: formatAgo(grant.used_us) })}</Text>
                    <Text size="xs" c="dimmed">
                      {t('allowedAgo', { time: formatAgo(grant.created_us) })}
                    </Text>
                  </Table.Td>
                  <Table.Td ta="right">
                    <Button size="compact-sm" variant="light" color="red" onClick={() => end.mutate({ id: grant.id })}>
                      {t('endSession')}
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
