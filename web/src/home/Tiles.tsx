// What runs, in four numbers; each leads to its page.
import { Box, Group, Skeleton, Text, ThemeIcon } from '@mantine/core';
import { IconBox, IconCoin, IconCpu, IconServer, type TablerIcon } from '@tabler/icons-react';
import { Link } from 'react-router';

import { isDenied, useCall } from '../api/call';
import { formatBytes, formatMoney } from '../app/format';
import { countBy } from '../compute/state';
import { t, type TextKey } from '../i18n/text';
import { LOOK_AT_BILL_EVERY_MS, LOOK_EVERY_MS } from './pace';

export function Tiles() {
  return (
    <>
      <InstancesTile />
      <ObjectsTile />
      <ModelsTile />
      <SpendTile />
    </>
  );
}

interface TileProps {
  to: string;
  label: string;
  icon: TablerIcon;
  value: string | undefined;
  note: string | undefined;
  error: unknown;
}

export function Tile({ to, label, icon: Icon, value, note, error }: TileProps) {
  return (
    <Box component={Link} to={to} className="surface surface-link" p="md">
      <Group justify="space-between" wrap="nowrap" mb={4}>
        <Text size="sm" c="dimmed" fw={500}>
          {label}
        </Text>
        <ThemeIcon variant="light" size={28} radius="md">
          <Icon size={16} stroke={1.7} />
        </ThemeIcon>
      </Group>
      {error !== null && value === undefined ? (
        <Text size="sm" c="dimmed">
          {t(isDenied(error) ? 'notYours' : 'notKnown')}
        </Text>
      ) : (
        <>
          <Skeleton visible={value === undefined} w="fit-content" mih={32} miw={48}>
            <Text fz={{ base: 20, sm: 26 }} fw={650} lh={1.25}>
              {value}
            </Text>
          </Skeleton>
          <Text size="xs" c="dimmed">
            {note ?? ' '}
          </Text>
        </>
      )}
    </Box>
  );
}

function InstancesTile() {
  const { data, error } = useCall('listInstances', {}, { every: LOOK_EVERY_MS });
  const states = countBy(data?.items ?? [], (item) => item.state);
  const rest = [...states].filter(([state]) => state !== 'running' && state !== 'terminated');
  const note = rest.length > 0 ? rest.map(([state, count]) => `${count} ${state}`).join(', ') : t('noOtherState');
  return <Tile to="/instances" label={t('runningInstances')} icon={IconServer} value={data && String(states.get('running') ?? 0)} note={note} error={error} />;
}

function ObjectsTile() {
  const { data, error } = useCall('listBuckets', { limit: 1000 }, { every: LOOK_EVERY_MS * 2 });
  const zones = useCall('listZones', {}, { every: LOOK_EVERY_MS });
  const stored = zones.data?.zones.reduce((sum, zone) => sum + zone.stored_bytes, 0);
  const note = stored === undefined ? undefined : t('storedInZones', { size: formatBytes(stored) });
  return <Tile to="/objects" label={t('buckets')} icon={IconBox} value={data && String(data.items.length)} note={note} error={error} />;
}

const ENGINE: Record<string, TextKey> = {
  off: 'engineOff',
  installing: 'engineInstalling',
  starting: 'engineStarting',
  ready: 'engineReady',
  failed: 'engineFailed',
};

function wordOf(state: string): string {
  const key = ENGINE[state];
  return key === undefined ? state : t(key);
}

function ModelsTile() {
  const models = useCall('listModels', {}, { every: LOOK_EVERY_MS * 4 });
  const engine = useCall('getInference', {}, { every: LOOK_EVERY_MS });
  const loaded = engine.data?.loaded.length ?? 0;
  const state = engine.data && wordOf(engine.data.state);
  const percent = engine.data?.state === 'installing' ? ` ${Math.round(engine.data.fraction * 100)} %` : '';
  const note = state && `${state}${percent}${loaded > 0 ? t('modelsLoaded', { count: loaded }) : ''}`;
  return <Tile to="/models" label={t('placeModels')} icon={IconCpu} value={models.data && String(models.data.items.length)} note={note} error={models.error} />;
}

function SpendTile() {
  const { data, error } = useCall('getBill', {}, { every: LOOK_AT_BILL_EVERY_MS });
  const today = data?.days.find((day) => day.day === new Date().toISOString().slice(0, 10));
  const note = data && t('costToday', { money: formatMoney(today?.cost ?? 0, data.currency) });
  return <Tile to="/bill" label={t('spendThisMonth')} icon={IconCoin} value={data && formatMoney(data.total, data.currency)} note={note} error={error} />;
}
