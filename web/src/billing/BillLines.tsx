// The bill line by line, grouped by service. What is shown is rounded; the title has every digit.
import { Table, Text } from '@mantine/core';
import { Fragment } from 'react';

import type { BillObject, LineObject } from '../api/schema';
import { formatMoney } from '../app/format';

const SHOWN_DIGITS = 12;

export function BillLines({ bill }: { bill: BillObject }) {
  const services = [...new Set(bill.lines.map((line) => line.service))];
  return (
    <Table.ScrollContainer minWidth={640}>
      <Table verticalSpacing={7} aria-label="Lines of the bill">
        <Table.Thead>
          <Table.Tr>
            <Table.Th>Usage</Table.Th>
            <Table.Th ta="right">Quantity</Table.Th>
            <Table.Th>Unit</Table.Th>
            <Table.Th ta="right">Price</Table.Th>
            <Table.Th ta="right">Cost</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {services.map((service) => (
            <Fragment key={service}>
              <Table.Tr>
                <Table.Th colSpan={5} fz="xs" c="dimmed" tt="uppercase" pt="md" style={{ letterSpacing: '0.04em' }}>
                  {service}
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
            <Table.Th colSpan={4}>Total</Table.Th>
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
        <Text size="sm">{line.text}</Text>
        <Text size="xs" c="dimmed" className="mono">
          {line.meter}
        </Text>
      </Table.Td>
      <Table.Td ta="right" className="numbers" title={line.quantity}>
        {shortened(line.quantity)}
      </Table.Td>
      <Table.Td>{line.unit}</Table.Td>
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
  const grouped = BigInt(whole).toLocaleString();
  if (fraction === undefined) return grouped;
  const room = Math.max(2, SHOWN_DIGITS - whole.length);
  return fraction.length > room ? `${grouped}.${fraction.slice(0, room)}…` : `${grouped}.${fraction}`;
}
