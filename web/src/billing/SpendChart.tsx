// Spend of a month as a chart: one bar per day, stacked by service.
import { BarChart } from '@mantine/charts';
import { Box, ColorSwatch, Group, Paper, Text } from '@mantine/core';

import type { BillObject } from '../api/schema';
import { formatMoney } from '../app/format';
import { CHART_COLORS } from '../app/theme';
import { writeDate } from '../i18n/dates';
import { fromServer } from '../i18n/server';

const SERVICES = ['Instances', 'Objects', 'Models', 'Workplace'];

// The services on the bill, in an order (and so a colour) that does not change from day to day.
export function servicesOf(bill: BillObject): string[] {
  const found = new Set(bill.days.flatMap((day) => Object.keys(day.services)));
  const others = [...found].filter((name) => !SERVICES.includes(name)).sort();
  return [...SERVICES.filter((name) => found.has(name)), ...others];
}

export function colorOf(service: string, services: string[]): string {
  const fixed = SERVICES.indexOf(service);
  const index = fixed >= 0 ? fixed : SERVICES.length + services.filter((name) => !SERVICES.includes(name)).indexOf(service);
  return CHART_COLORS[index % CHART_COLORS.length]!;
}

interface Row {
  day: string;
  [service: string]: string | number;
}

export function rowsOf(bill: BillObject): Row[] {
  const [year, month] = bill.period.split('-').map(Number);
  const days = new Date(Date.UTC(year!, month!, 0)).getUTCDate();
  const known = new Map(bill.days.map((day) => [day.day, day.services]));
  return Array.from({ length: days }, (_, index) => {
    const day = `${bill.period}-${String(index + 1).padStart(2, '0')}`;
    const costs = Object.entries(known.get(day) ?? {}).map(([name, cost]) => [name, Number(cost)]);
    return { day, ...Object.fromEntries(costs) } as Row;
  });
}

export function dayName(day: string, style: 'short' | 'long' = 'short'): string {
  const date = new Date(`${day}T00:00:00Z`);
  return writeDate(date, { timeZone: 'UTC', day: 'numeric', month: style, ...(style === 'long' ? { weekday: 'long' } : {}) });
}

export default function SpendChart({ bill, height = 220 }: { bill: BillObject; height?: number }) {
  const services = servicesOf(bill);
  const series = services.map((name) => ({ name, color: colorOf(name, services) }));
  return (
    <Box>
      <BarChart
        h={height}
        data={rowsOf(bill)}
        dataKey="day"
        type="stacked"
        series={series}
        tickLine="none"
        gridAxis="x"
        maxBarWidth={26}
        barProps={{ radius: 2, isAnimationActive: false }}
        xAxisProps={{ tickFormatter: (day: string) => String(Number(day.slice(-2))), interval: 'preserveStartEnd', minTickGap: 14 }}
        yAxisProps={{ width: 'auto', tickFormatter: (value: number) => formatMoney(value, bill.currency) }}
        tooltipProps={{
          content: ({ label, payload }) => <DayTooltip day={String(label ?? '')} rows={payload as readonly TooltipRow[] | undefined} bill={bill} />,
        }}
      />
      <Legend bill={bill} />
    </Box>
  );
}

interface TooltipRow {
  name?: string;
  value?: number;
  color?: string;
}

function DayTooltip({ day, rows, bill }: { day: string; rows: readonly TooltipRow[] | undefined; bill: BillObject }) {
  const shown = (rows ?? []).filter((row) => (row.value ?? 0) > 0);
  if (shown.length === 0) return null;
  const exact = bill.days.find((item) => item.day === day);
  return (
    <Paper withBorder shadow="md" px="sm" py="xs">
      <Text size="sm" fw={600} mb={4}>
        {dayName(day, 'long')}
      </Text>
      {shown.map((row) => (
        <Group key={row.name} justify="space-between" gap="lg">
          <Group gap={6}>
            <ColorSwatch size={10} color={row.color ?? 'gray'} withShadow={false} />
            <Text size="xs">{fromServer(row.name ?? '')}</Text>
          </Group>
          <Text size="xs" ff="monospace">
            {exact?.services[row.name ?? ''] ?? row.value}
          </Text>
        </Group>
      ))}
    </Paper>
  );
}

// Sum of each service over the month, in words: the chart for those who cannot see it.
function Legend({ bill }: { bill: BillObject }) {
  const services = servicesOf(bill);
  const sum = (name: string) => bill.days.reduce((total, day) => total + Number(day.services[name] ?? 0), 0);
  return (
    <Group gap="md" mt="xs" component="ul" style={{ listStyle: 'none', padding: 0, margin: 0 }}>
      {services.map((name) => (
        <Group gap={6} key={name} component="li">
          <ColorSwatch size={10} color={`var(--mantine-color-${colorOf(name, services).replace('.', '-')})`} withShadow={false} />
          <Text size="xs" c="dimmed">
            {fromServer(name)}{' '}
            <Text span size="xs" fw={600} c="var(--mantine-color-text)">
              {formatMoney(sum(name), bill.currency)}
            </Text>
          </Text>
        </Group>
      ))}
    </Group>
  );
}
