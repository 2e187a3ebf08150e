// What this account may have; the operator can change it.
import { ActionIcon, Button, Group, Modal, NumberInput, Stack, Table, Text } from '@mantine/core';
import { IconPencil } from '@tabler/icons-react';
import { useState } from 'react';

import { useCall, useChange } from '../api/call';
import type { QuotaView } from '../api/schema';
import { Failed, Surface, Waiting } from '../app/parts';
import { useSession } from '../app/session';
import { writeNumber } from '../i18n/dates';
import { t } from '../i18n/text';

export function Quotas() {
  const session = useSession();
  const [edited, setEdited] = useState<QuotaView | null>(null);
  const { data, error, isPending, refetch } = useCall('listQuotas', {});
  if (isPending) return <Waiting />;
  if (error !== null) return <Failed error={error} retry={() => void refetch()} />;
  return (
    <Surface title={t('quotasOf', { accountName: session.account_name })}>
      <Modal opened={edited !== null} onClose={() => setEdited(null)} title={edited?.name} centered>
        {edited && <Edit quota={edited} close={() => setEdited(null)} />}
      </Modal>
      <Text size="sm" c="dimmed" mb="sm">
        {t('quotasAbout', { who: session.is_operator ? t('youMayChangeThem') : t('theOperatorOfThis') })}
      </Text>
      <Table.ScrollContainer minWidth={420}>
        <Table verticalSpacing={6}>
          <Table.Thead>
            <Table.Tr>
              <Table.Th>{t('quota')}</Table.Th>
              <Table.Th ta="right">{t('limit')}</Table.Th>
              <Table.Th ta="right">{t('normally')}</Table.Th>
              <Table.Th w={40} aria-label={t('actions')} />
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {data.items.map((quota) => (
              <Table.Tr key={quota.name}>
                <Table.Td className="mono">{quota.name}</Table.Td>
                <Table.Td ta="right" className="numbers" fw={quota.value === quota.default ? 400 : 650}>
                  {writeNumber(quota.value)}
                </Table.Td>
                <Table.Td ta="right" className="numbers" c="dimmed">
                  {writeNumber(quota.default)}
                </Table.Td>
                <Table.Td>
                  {session.is_operator && (
                    <ActionIcon variant="subtle" color="gray" onClick={() => setEdited(quota)} aria-label={t('changeName', { name: quota.name })}>
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
  const change = useChange('setQuota', { reads: ['listQuotas'], done: t('theQuotaIsChanged') });
  const save = (next: number | null) => change.mutate({ owner: account, name: quota.name, value: next }, { onSuccess: close });
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        if (typeof value === 'number') save(value);
      }}
    >
      <Stack>
        <NumberInput label={t('limit')} min={0} allowDecimal={false} value={value} onChange={setValue} data-autofocus thousandSeparator="," />
        <Group justify="space-between">
          <Button variant="subtle" color="gray" onClick={() => save(null)} disabled={quota.value === quota.default}>
            {t('backToDefault', { number: writeNumber(quota.default) })}
          </Button>
          <Button type="submit" loading={change.isPending}>
            {t('save')}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
