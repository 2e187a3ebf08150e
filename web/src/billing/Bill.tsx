// The bill of a month: total, chart by day, every line with its exact decimals; and the price list.
import { ActionIcon, Alert, Button, Group, Select, Stack, Tabs, Text } from '@mantine/core';
import { IconChevronLeft, IconChevronRight, IconCoin, IconDownload, IconInfoCircle } from '@tabler/icons-react';
import { Suspense, useState } from 'react';

import { useCall } from '../api/call';
import type { BillObject } from '../api/schema';
import { formatMoney } from '../app/format';
import { page } from '../app/page';
import { Empty, Failed, Page, Surface, Waiting } from '../app/parts';
import { t } from '../i18n/text';
import { BillLines } from './BillLines';
import { billCsv, monthName, monthsUpTo, thisMonth } from './months';
import { PriceList } from './PriceList';

const SpendChart = page(() => import('./SpendChart'));

const LOOK_EVERY_MS = 15_000;

export default function Bill() {
  const [period, setPeriod] = useState(thisMonth());
  const { data, error, isPending, refetch } = useCall('getBill', { period }, { every: period === thisMonth() && LOOK_EVERY_MS, keep: true });
  const about = t('everythingIsMeteredAs');
  return (
    <Page title={t('placeBill')} about={about} actions={<MonthPicker period={period} setPeriod={setPeriod} />}>
      <Tabs defaultValue="bill" keepMounted={false}>
        <Tabs.List mb="lg">
          <Tabs.Tab value="bill">{t('placeBill')}</Tabs.Tab>
          <Tabs.Tab value="prices">{t('priceList')}</Tabs.Tab>
        </Tabs.List>
        <Tabs.Panel value="bill">
          {isPending && <Waiting />}
          {error !== null && <Failed error={error} retry={() => void refetch()} />}
          {data && <Month bill={data} />}
        </Tabs.Panel>
        <Tabs.Panel value="prices">
          <PriceList />
        </Tabs.Panel>
      </Tabs>
    </Page>
  );
}

function MonthPicker({ period, setPeriod }: { period: string; setPeriod: (period: string) => void }) {
  const months = monthsUpTo(thisMonth());
  const at = months.indexOf(period);
  return (
    <Group gap={4} wrap="nowrap">
      <ActionIcon variant="default" size="lg" onClick={() => setPeriod(months[at + 1]!)} disabled={at + 1 >= months.length} aria-label={t('monthBefore')}>
        <IconChevronLeft size={18} />
      </ActionIcon>
      <Select w={180} allowDeselect={false} data={months.map((month) => ({ value: month, label: monthName(month) }))} value={period} onChange={(value) => value && setPeriod(value)} aria-label={t('monthOfBill')} />
      <ActionIcon variant="default" size="lg" onClick={() => setPeriod(months[at - 1]!)} disabled={at <= 0} aria-label={t('monthAfter')}>
        <IconChevronRight size={18} />
      </ActionIcon>
    </Group>
  );
}

function Month({ bill }: { bill: BillObject }) {
  if (bill.lines.length === 0 && bill.unpriced.length === 0) {
    return (
      <Surface>
        <Empty icon={<IconCoin size={26} />} title={t('nothingUsedIn', { period: monthName(bill.period) })}>
          {t('requestsStoredBytesInstance')}
        </Empty>
      </Surface>
    );
  }
  return (
    <Stack gap="lg">
      <Surface
        title={
          <>
            <Text c="dimmed" size="sm" fw={500}>
              {t('totalOf', { period: monthName(bill.period) })}
            </Text>
            <Text fz={32} fw={650} lh={1.2} title={`${bill.total} ${bill.currency}`} data-testid="total">
              {formatMoney(bill.total, bill.currency)}
            </Text>
          </>
        }
        aside={
          <Button variant="default" size="xs" leftSection={<IconDownload size={15} />} onClick={() => saveCsv(bill)}>
            {t('exportCsv')}
          </Button>
        }
      >
        <Suspense fallback={<Waiting />}>
          <SpendChart bill={bill} height={240} />
        </Suspense>
      </Surface>
      <Surface title={t('billLines')}>
        <BillLines bill={bill} />
      </Surface>
      {bill.unpriced.length > 0 && (
        <Alert color="blue" icon={<IconInfoCircle size={18} />} title={t('meteredWithoutAPrice')}>
          <Text size="sm">
            {t('unpriced', { unpriced: bill.unpriced.join(', ') })}
          </Text>
        </Alert>
      )}
    </Stack>
  );
}

function saveCsv(bill: BillObject): void {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(new Blob([billCsv(bill)], { type: 'text/csv' }));
  link.download = `volano-bill-${bill.account}-${bill.period}.csv`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}
