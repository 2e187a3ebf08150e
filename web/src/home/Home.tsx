// The first page: the region's zones, what runs, what it costs this month, and how it is.
import { Button, Grid, SimpleGrid } from '@mantine/core';
import { IconCoin, IconPlus, IconUpload } from '@tabler/icons-react';
import { Suspense } from 'react';
import { Link } from 'react-router';

import { isDenied, useCall } from '../api/call';
import { formatMoney } from '../app/format';
import { page } from '../app/page';
import { Empty, Failed, Page, Surface, Waiting } from '../app/parts';
import { useSession } from '../app/session';
import { useUsable } from '../app/usable';
import { writeDate } from '../i18n/dates';
import { t } from '../i18n/text';
import { ZoneMap } from '../regions/ZoneMap';
import { FirstSteps } from './FirstSteps';
import { HealthList } from './Health';
import { LOOK_AT_BILL_EVERY_MS, LOOK_EVERY_MS } from './pace';
import { Jobs } from './Jobs';
import { Tiles } from './Tiles';
import { Today } from './Today';

const SpendChart = page(() => import('../billing/SpendChart'));

// People who only take part in the workplace see their day and nothing of the machines.
export default function Home() {
  const session = useSession();
  const isUsable = useUsable();
  if (!isUsable('/instances') && !isUsable('/objects')) {
    return (
      <Page title={t('helloPerson', { name: session.display_name })} about={session.account_name}>
        <Today />
      </Page>
    );
  }
  return (
    <Page
      title={session.account_name}
      about={t('regionAndAccount', { region: session.region, account: session.account })}
      actions={
        <>
          <Button component={Link} to="/objects" variant="default" leftSection={<IconUpload size={16} />}>
            {t('upload')}
          </Button>
          <Button component={Link} to="/instances?launch=1" leftSection={<IconPlus size={16} />}>
            {t('launchInstance')}
          </Button>
        </>
      }
    >
      <FirstSteps />
      <Today />
      <SimpleGrid cols={{ base: 2, md: 4 }} spacing={{ base: 'xs', sm: 'md' }}>
        <Tiles />
      </SimpleGrid>
      <Grid gap="lg">
        <Grid.Col span={{ base: 12, md: 8 }}>
          <Zones />
        </Grid.Col>
        <Grid.Col span={{ base: 12, md: 4 }}>
          <Surface title={t('health')}>
            <HealthList />
          </Surface>
        </Grid.Col>
        <Grid.Col span={{ base: 12, md: 8 }}>
          <Spend />
        </Grid.Col>
        <Grid.Col span={{ base: 12, md: 4 }}>
          <Jobs />
        </Grid.Col>
      </Grid>
    </Page>
  );
}

function Zones() {
  const zones = useCall('listZones', {}, { every: LOOK_EVERY_MS });
  const instances = useCall('listInstances', {}, { every: LOOK_EVERY_MS });
  return (
    <Surface title={t('zones')}>
      {zones.isPending && <Waiting />}
      {zones.isError && <Failed error={zones.error} retry={() => void zones.refetch()} />}
      {zones.data && <ZoneMap list={zones.data} instances={instances.data?.items ?? []} />}
    </Surface>
  );
}

function Spend() {
  const bill = useCall('getBill', {}, { every: LOOK_AT_BILL_EVERY_MS });
  if (isDenied(bill.error)) return null;
  const month = bill.data && writeDate(new Date(`${bill.data.period}-01T00:00:00Z`), { month: 'long', year: 'numeric', timeZone: 'UTC' });
  return (
    <Surface
      title={bill.data ? t('spendIn', { month: month ?? '', money: formatMoney(bill.data.total, bill.data.currency) }) : t('spendThisMonth')}
      aside={
        <Button component={Link} to="/bill" variant="subtle" size="compact-sm">
          {t('seeBill')}
        </Button>
      }
    >
      {bill.isPending && <Waiting />}
      {bill.isError && <Failed error={bill.error} retry={() => void bill.refetch()} />}
      {bill.data && bill.data.days.length === 0 && (
        <Empty icon={<IconCoin size={26} />} title={t('nothingUsed')}>
          {t('nothingUsedAbout')}
        </Empty>
      )}
      {bill.data && bill.data.days.length > 0 && (
        <Suspense fallback={<Waiting />}>
          <SpendChart bill={bill.data} />
        </Suspense>
      )}
    </Surface>
  );
}
