// The account's instances, kept up to date while the page is shown.
import { ActionIcon, Anchor, Button, Group, Menu, SegmentedControl, Table, Text } from '@mantine/core';
import { IconDots, IconPlayerPlay, IconPlayerStop, IconPlus, IconRefresh, IconServer, IconTrash } from '@tabler/icons-react';
import { useState } from 'react';
import { Link, useSearchParams } from 'react-router';

import { useCall } from '../api/call';
import type { InstanceObject } from '../api/schema';
import { formatAgo, formatTime } from '../app/format';
import { Empty, Failed, Page, Surface, Waiting } from '../app/parts';
import { t } from '../i18n/text';
import { canStart, canStop, canTerminate, useInstanceActions } from './actions';
import { LaunchDrawer } from './Launch';
import { RuntimeNote } from './Runtime';
import { CHANGING, isThere, StateBadge } from './state';

const LOOK_EVERY_MS = 4_000;
const LOOK_OFTEN_MS = 1_000;

export function InstanceList() {
  const [params, setParams] = useSearchParams();
  const [filter, setFilter] = useState('there');
  const [often, setOften] = useState(false);
  const { data, error, isPending, refetch } = useCall('listInstances', {}, { every: often ? LOOK_OFTEN_MS : LOOK_EVERY_MS });
  const all = data?.items ?? [];
  const isMoving = all.some((item) => CHANGING.has(item.state));
  if (isMoving !== often) setOften(isMoving);
  const setLaunching = (open: boolean) => setParams(open ? { launch: '1' } : {}, { replace: true });
  const launch = (
    <Button leftSection={<IconPlus size={16} />} onClick={() => setLaunching(true)}>
      {t('launchInstance')}
    </Button>
  );
  const shown = filter === 'all' ? all : all.filter(isThere);
  return (
    <Page title={t('placeInstances')} about={t('computersThatStartIn')} actions={launch}>
      <LaunchDrawer opened={params.get('launch') !== null} close={() => setLaunching(false)} />
      {isPending && <Waiting />}
      {error !== null && <Failed error={error} retry={() => void refetch()} />}
      {data && all.length === 0 && (
        <Surface>
          <Empty icon={<IconServer size={26} />} title={t('noInstanceYet')} action={launch}>
            {t('anInstanceRunsYour')}
          </Empty>
        </Surface>
      )}
      {all.length > 0 && (
        <Surface
          title={t('instancesCount', { count: shown.length })}
          aside={
            <SegmentedControl
              size="xs"
              value={filter}
              onChange={setFilter}
              data={[
                { value: 'there', label: t('currentOnes') },
                { value: 'all', label: t('withTerminated') },
              ]}
              aria-label={t('whichInstances')}
            />
          }
        >
          {shown.length === 0 && (
            <Text size="sm" c="dimmed">
              {t('allInstancesHaveBeen')}
            </Text>
          )}
          {shown.length > 0 && <InstanceTable instances={shown} />}
        </Surface>
      )}
      <RuntimeNote />
    </Page>
  );
}

function InstanceTable({ instances }: { instances: InstanceObject[] }) {
  return (
    <Table.ScrollContainer minWidth={720}>
      <Table highlightOnHover verticalSpacing="sm">
        <Table.Thead>
          <Table.Tr>
            <Table.Th>{t('name')}</Table.Th>
            <Table.Th>{t('state')}</Table.Th>
            <Table.Th>{t('instanceType')}</Table.Th>
            <Table.Th>{t('zone')}</Table.Th>
            <Table.Th>{t('ipAddress')}</Table.Th>
            <Table.Th>{t('launchedAt')}</Table.Th>
            <Table.Th w={48} aria-label={t('actions')} />
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {instances.map((instance) => (
            <InstanceRow key={instance.id} instance={instance} />
          ))}
        </Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  );
}

function InstanceRow({ instance }: { instance: InstanceObject }) {
  return (
    <Table.Tr data-instance={instance.id}>
      <Table.Td>
        <Anchor component={Link} to={`/instances/${instance.id}`} size="sm" fw={600}>
          {instance.name || instance.id}
        </Anchor>
        {instance.name && (
          <Text size="xs" c="dimmed" className="mono">
            {instance.id}
          </Text>
        )}
      </Table.Td>
      <Table.Td>
        <StateBadge state={instance.state} />
        {instance.reason && !['running', 'terminated'].includes(instance.state) && (
          <Text size="xs" c="dimmed" maw={220} truncate title={instance.reason}>
            {instance.reason}
          </Text>
        )}
      </Table.Td>
      <Table.Td>{instance.type}</Table.Td>
      <Table.Td>{instance.zone}</Table.Td>
      <Table.Td className="mono">{instance.address}</Table.Td>
      <Table.Td>
        <Text size="sm" c="dimmed" title={formatTime(instance.launched_us)} style={{ whiteSpace: 'nowrap' }}>
          {formatAgo(instance.launched_us)}
        </Text>
      </Table.Td>
      <Table.Td>
        <RowMenu instance={instance} />
      </Table.Td>
    </Table.Tr>
  );
}

function RowMenu({ instance }: { instance: InstanceObject }) {
  const actions = useInstanceActions(instance);
  return (
    <Group gap={0}>
      {actions.dialog}
      <Menu position="bottom-end">
        <Menu.Target>
          <ActionIcon variant="subtle" color="gray" loading={actions.busy} aria-label={t('actionsFor', { name: instance.name || instance.id })}>
            <IconDots size={18} />
          </ActionIcon>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Item leftSection={<IconPlayerPlay size={16} />} disabled={!canStart(instance)} onClick={actions.start}>
            {t('startIt')}
          </Menu.Item>
          <Menu.Item leftSection={<IconPlayerStop size={16} />} disabled={!canStop(instance)} onClick={() => void actions.stop()}>
            {t('stopIt')}
          </Menu.Item>
          <Menu.Item leftSection={<IconRefresh size={16} />} disabled={!canStop(instance)} onClick={() => void actions.reboot()}>
            {t('reboot')}
          </Menu.Item>
          <Menu.Divider />
          <Menu.Item color="red" leftSection={<IconTrash size={16} />} disabled={!canTerminate(instance)} onClick={() => void actions.terminate()}>
            {t('terminate')}
          </Menu.Item>
        </Menu.Dropdown>
      </Menu>
    </Group>
  );
}
