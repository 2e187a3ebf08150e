// One instance: what it is, what it writes, and what can be done with it.
import { Anchor, Badge, Breadcrumbs, Button, Grid, Group, Text } from '@mantine/core';
import { IconPlayerPlay, IconPlayerStop, IconRefresh, IconTrash } from '@tabler/icons-react';
import type { ReactNode } from 'react';
import { Link, useParams } from 'react-router';

import { useCall } from '../api/call';
import type { InstanceObject } from '../api/schema';
import { formatTime } from '../app/format';
import { Failed, Page, Surface, Waiting } from '../app/parts';
import { t } from '../i18n/text';
import { Copyable, FactTable } from '../objects/Details';
import { canStart, canStop, canTerminate, useInstanceActions } from './actions';
import { ConsoleOutput } from './ConsoleOutput';
import { hourly, shapeOf } from './families';
import { RuntimeNote } from './Runtime';
import { StateBadge } from './state';

const LOOK_EVERY_MS = 1_500;

export function InstancePage() {
  const id = useParams().id!;
  const { data, error, isPending, refetch } = useCall('getInstance', { id }, { every: LOOK_EVERY_MS });
  const title = (
    <Breadcrumbs separatorMargin={6} style={{ flexWrap: 'wrap' }}>
      <Anchor component={Link} to="/instances" inherit c="dimmed">
        {t('placeInstances')}
      </Anchor>
      <span>{data?.name || id}</span>
    </Breadcrumbs>
  );
  return (
    <Page title={title} actions={data && <Actions instance={data} />}>
      {isPending && <Waiting />}
      {error !== null && <Failed error={error} retry={() => void refetch()} />}
      {data && (
        <Grid gap="lg">
          <Grid.Col span={{ base: 12, md: 7 }}>
            <ConsoleOutput instance={data} />
          </Grid.Col>
          <Grid.Col span={{ base: 12, md: 5 }}>
            <Facts instance={data} />
          </Grid.Col>
        </Grid>
      )}
      <RuntimeNote />
    </Page>
  );
}

function Actions({ instance }: { instance: InstanceObject }) {
  const actions = useInstanceActions(instance);
  return (
    <>
      {actions.dialog}
      {canStart(instance) && (
        <Button size="xs" variant="default" leftSection={<IconPlayerPlay size={15} />} loading={actions.busy} onClick={actions.start}>
          {t('startIt')}
        </Button>
      )}
      {canStop(instance) && (
        <>
          <Button size="xs" variant="default" leftSection={<IconPlayerStop size={15} />} loading={actions.busy} onClick={() => void actions.stop()}>
            {t('stopIt')}
          </Button>
          <Button size="xs" variant="default" leftSection={<IconRefresh size={15} />} disabled={actions.busy} onClick={() => void actions.reboot()}>
            {t('reboot')}
          </Button>
        </>
      )}
      {canTerminate(instance) && (
        <Button size="xs" variant="light" color="red" leftSection={<IconTrash size={15} />} disabled={actions.busy} onClick={() => void actions.terminate()}>
          {t('terminate')}
        </Button>
      )}
    </>
  );
}

function Facts({ instance }: { instance: InstanceObject }) {
  const catalog = useCall('getComputeCatalog', {});
  const type = catalog.data?.types.find((item) => item.name === instance.type);
  const image = catalog.data?.images.find((item) => item.id === instance.image);
  const tags = Object.entries(instance.tags).filter(([name]) => name !== 'Name');
  const rows: [string, ReactNode][] = [
    [t('state'), <StateBadge key="state" state={instance.state} />],
    [t('reason'), instance.reason],
    [t('identifier'), <Copyable key="id" value={instance.id} />],
    [t('instanceType'), type ? `${instance.type}: ${shapeOf(type)}` : instance.type],
    [t('price'), type ? hourly(type) : ''],
    [t('zone'), instance.zone],
    [t('ipAddress'), instance.address ? <Copyable key="address" value={instance.address} /> : ''],
    [t('image'), image ? `${image.name} (${image.id})` : instance.image],
    [t('instanceRole'), instance.role],
    [t('keyPair'), instance.key_name],
    [t('launchedAt'), formatTime(instance.launched_us)],
    [t('tags'), tags.length > 0 ? <Tags key="tags" tags={tags} /> : ''],
  ];
  return (
    <Surface title={t('aboutInstance')}>
      <FactTable rows={rows} />
    </Surface>
  );
}

function Tags({ tags }: { tags: [string, string][] }) {
  return (
    <Group gap={4}>
      {tags.map(([name, value]) => (
        <Badge key={name} variant="light" tt="none">
          <Text span inherit c="dimmed">
            {name}
          </Text>{' '}
          {value}
        </Badge>
      ))}
    </Group>
  );
}
