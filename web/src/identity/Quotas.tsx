// What this account may have; the operator can change it.
import { ActionIcon, Button, Group, Modal, NumberInput, Stack, Table, Text } from '@mantine/core';
import { IconPencil } from '@tabler/icons-react';
import { useState } from 'react';

import { useCall, useChange } from '../api/call';
import type { QuotaView } from '../api/schema';
import { Failed, Surface, Waiting } from '../app/parts';
import { useSession } from '../app/session';

export function Quotas() {
  const session = useSession();
  const [edited, setEdited] = useState<QuotaView | null>(null);
  const { data, error, isPending, refetch } = useCall('listQuotas', {});
  if (isPending) return <Waiting />;
  if (error !== null) return <Failed error={error} retry={() => void refetch()} />;
  return (
    <Surface title={`Quotas of ${session.account_name}`}>
      <Modal opened={edited !== null} onClose={() => setEdited(null)} title={edited?.name} centered>
        {edited && <Edit quota={edited} close={() => setEdited(null)} />}
      </Modal>
      <Text size="sm" c="dimmed" mb="sm">
        Limits keep one account from taking everything. {session.is_operator ? 'You may change them.' : 'The operator of this cloud may change them.'}
      </Text>
      <Table.ScrollContainer minWidth={420}>
        <Table verticalSpacing={6}>
          <Table.Thead>
            <Table.Tr>
              <Table.Th>Quota</Table.Th>
              <Table.Th ta="right">Limit</Table.Th>
              <Table.Th ta="right">Normally</Table.Th>
              <Table.Th w={40} aria-label="Actions" />
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {data.items.map((quota) => (
              <Table.Tr key={quota.name}>
                <Table.Td className="mono">{quota.name}</Table.Td>
                <Table.Td ta="right" className="numbers" fw={quota.value === quota.default ? 400 : 650}>
                  {quota.value.toLocaleString()}
                </Table.Td>
                <Table.Td ta="right" className="numbers" c="dimmed">
                  {quota.default.toLocaleString()}
                </Table.Td>
                <Table.Td>
                  {session.is_operator && (
                    <ActionIcon variant="subtle" color="gray" onClick={() => setEdited(quota)} aria-label={`Change ${quota.name}`}>
                      <IconPencil size={16} />
                    </ActionIcon>
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

function Edit({ quota, close }: { quota: QuotaView; close: () => void }) {
  const { account } = useSession();
  const [value, setValue] = useState<number | string>(quota.value);
  const change = useChange('setQuota', { reads: ['listQuotas'], done: 'The quota is changed' });
  const save = (next: number | null) => change.mutate({ owner: account, name: quota.name, value: next }, { onSuccess: close });
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        if (typeof value === 'number') save(value);
      }}
    >
      <Stack>
        <NumberInput label="Limit" min={0} allowDecimal={false} value={value} onChange={setValue} data-autofocus thousandSeparator="," />
        <Group justify="space-between">
          <Button variant="subtle" color="gray" onClick={() => save(null)} disabled={quota.value === quota.default}>
            Back to {quota.default.toLocaleString()}
          </Button>
          <Button type="submit" loading={change.isPending}>
            Save
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
