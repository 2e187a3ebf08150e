// The bill line by line, grouped by service. What is shown is rounded; the title has every digit.
import { Table, Text } from '@mantine/core';
import { Fragment } from 'react';

import type { BillObject, LineObject } from '../api/schema';
import { formatMoney } from '../app/format';
import { writeNumber } from '../i18n/dates';
import { fromServer } from '../i18n/server';
import { t } from '../i18n/text';

const SHOWN_DIGITS = 12;

export function BillLines({ bill }: { bill: BillObject }) {
  const services = [...new Set(bill.lines.map((line) => line.service))];
  return (
    <Table.ScrollContainer minWidth={640}>
      <Table verticalSpacing={7} aria-label={t('linesOfTheBill')}>
        <Table.Thead>
          <Table.Tr>
            <Table.Th>{t('usage')}</Table.Th>
            <Table.Th ta="right">{t('quantity')}</Table.Th>
            <Table.Th>{t('unit')}</Table.Th>
            <Table.Th ta="right">{t('price')}</Table.Th>
            <Table.Th ta="right">{t('cost')}</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {services.map((service) => (
            <Fragment key={service}>
              <Table.Tr>
                <Table.Th colSpan={5} fz="xs" c="dimmed" tt="uppercase" pt="md" style={{ letterSpacing: '0.04em' }}>
                  {fromServer(service)}
                </Table.Th>
              </Table.Tr>
              {bill.lines
                .filter((line) => line.service === service)
                .map((line) => (
                  <Row key={`${line.meter} ${line.price}`} line={line} currency={bill.currency} />
                ))}
            </Fragment>
          ))}
        </Table.Tbody>
        <Table.Tfoot>
          <Table.Tr>
            <Table.Th colSpan={4}>{t('total')}</Table.Th>
            <Table.Th ta="right" className="numbers" title={`${bill.total} ${bill.currency}`}>
              {formatMoney(bill.total, bill.currency, 6)}
            </Table.Th>
          </Table.Tr>
        </Table.Tfoot>
      </Table>
    </Table.ScrollContainer>
  );
}

function Row({ line, currency }: { line: LineObject; currency: string }) {
  return (
    <Table.Tr data-meter={line.meter} data-cost={line.cost}>
      <Table.Td>
        <Text size="sm">{fromServer(line.text)}</Text>
        <Text size="xs" c="dimmed" className="mono">
          {line.meter}
        </Text>
      </Table.Td>
      <Table.Td ta="right" className="numbers" title={line.quantity}>
        {shortened(line.quantity)}
      </Table.Td>
      <Table.Td>{fromServer(line.unit)}</Table.Td>
      <Table.Td ta="right" className="numbers" title={`${line.price} ${currency}`}>
        {formatMoney(line.price, currency, 6)}
      </Table.Td>
      <Table.Td ta="right" className="numbers" title={`${line.cost} ${currency}`}>
        {formatMoney(line.cost, currency, 6)}
      </Table.Td>
    </Table.Tr>
  );
}

// The exact decimal, cut (not rounded) where it would be unreadably long.
function shortened(decimal: string): string {
  const [whole, fraction] = decimal.split('.') as [string, string | undefined];
  const grouped = writeNumber(BigInt(whole));
  if (fraction === undefined) return grouped;
  const room = Math.max(2, SHOWN_DIGITS - whole.length);
  return fraction.length > room ? `${grouped}.${fraction.slice(0, room)}…` : `${grouped}.${fraction}`;
}
