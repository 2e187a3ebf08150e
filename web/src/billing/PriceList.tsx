// What everything costs from today's price list.
import { Table, Text, TextInput } from '@mantine/core';
import { IconSearch } from '@tabler/icons-react';
import { useState } from 'react';

import { useCall } from '../api/call';
import { formatMoney } from '../app/format';
import { Failed, Surface, Waiting } from '../app/parts';
import { fromServer } from '../i18n/server';
import { t } from '../i18n/text';

export function PriceList() {
  const [wanted, setWanted] = useState('');
  const { data, error, isPending, refetch } = useCall('listPrices', {});
  if (isPending) return <Waiting />;
  if (error !== null) return <Failed error={error} retry={() => void refetch()} />;
  const word = wanted.trim().toLowerCase();
  const shown = data.items.filter((price) => `${fromServer(price.service)} ${fromServer(price.text)} ${price.meter}`.toLowerCase().includes(word));
  return (
    <Surface>
      <TextInput placeholder={t('findAPrice')} aria-label={t('findAPrice')} leftSection={<IconSearch size={16} />} value={wanted} onChange={(event) => setWanted(event.currentTarget.value)} mb="sm" maw={320} />
      <Table.ScrollContainer minWidth={600}>
        <Table verticalSpacing={7} aria-label={t('priceList')}>
          <Table.Thead>
            <Table.Tr>
              <Table.Th>{t('service')}</Table.Th>
              <Table.Th>{t('usage')}</Table.Th>
              <Table.Th ta="right">{t('price')}</Table.Th>
              <Table.Th>{t('forEach')}</Table.Th>
              <Table.Th>{t('since')}</Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {shown.map((price) => (
              <Table.Tr key={price.meter}>
                <Table.Td>{fromServer(price.service)}</Table.Td>
                <Table.Td>
                  <Text size="sm">{fromServer(price.text)}</Text>
                  <Text size="xs" c="dimmed" className="mono">
                    {price.meter}
                  </Text>
                </Table.Td>
                <Table.Td ta="right" className="numbers" title={`${price.price} ${data.currency}`}>
                  {formatMoney(price.price, data.currency, 6)}
                </Table.Td>
                <Table.Td>{fromServer(price.unit)}</Table.Td>
                <Table.Td>{price.effective_from}</Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </Table.ScrollContainer>
    </Surface>
  );
}
