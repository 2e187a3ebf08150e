// The region drawn as a flywheel: a segment of the rim per zone, with a dot for each instance that
// is there; beside it a card per zone says the same in words.
import { Badge, Box, Button, Group, SimpleGrid, Stack, Text, Tooltip } from '@mantine/core';
import { IconPlugConnected, IconPlugConnectedX } from '@tabler/icons-react';

import { useChange } from '../api/call';
import type { InstanceObject, ZoneList, ZoneView } from '../api/schema';
import { useConfirm } from '../app/confirm';
import { formatAgo, formatBytes } from '../app/format';
import { useSession } from '../app/session';
import { isThere } from '../compute/state';
import { t } from '../i18n/text';

const SIZE = 260;
const MIDDLE = SIZE / 2;
const RIM = 100;
const GAP = 0.09; // radians between segments
const DOTS_SHOWN = 14;

export const isUp = (zone: ZoneView) => zone.state === 'available';

export function letterOf(zone: string): string {
  return zone.slice(-1);
}

export function ZoneMap({ list, instances }: { list: ZoneList; instances: InstanceObject[] }) {
  const here = (zone: ZoneView) => instances.filter((item) => isThere(item) && item.zone === zone.name);
  return (
    <div className="zone-map">
      <Wheel list={list} here={here} />
      <SimpleGrid cols={1} spacing="xs" className="zone-cards">
        {list.zones.map((zone) => (
          <ZoneCard key={zone.name} zone={zone} instances={here(zone)} />
        ))}
      </SimpleGrid>
    </div>
  );
}

function Wheel({ list, here }: { list: ZoneList; here: (zone: ZoneView) => InstanceObject[] }) {
  const step = (2 * Math.PI) / list.zones.length;
  const up = list.zones.filter(isUp).length;
  return (
    <svg viewBox={`0 0 ${SIZE} ${SIZE}`} className="zone-wheel" role="img" aria-label={t('regionZones', { region: list.region, up, count: list.zones.length })}>
      {list.zones.map((zone, index) => (
        <Segment key={zone.name} zone={zone} instances={here(zone)} from={index * step - step / 2 - Math.PI / 2} step={step} />
      ))}
      <circle cx={MIDDLE} cy={MIDDLE} r={40} className="zone-hub" />
      <circle cx={MIDDLE} cy={MIDDLE} r={5} fill="var(--mantine-color-amber-6)" />
      <text x={MIDDLE} y={MIDDLE - 14} textAnchor="middle" className="zone-hub-text">
        {up}/{list.zones.length}
      </text>
      <text x={MIDDLE} y={MIDDLE + 22} textAnchor="middle" className="zone-hub-small">
        {t('zonesUpShort')}
      </text>
    </svg>
  );
}

function point(radius: number, angle: number): [number, number] {
  return [MIDDLE + radius * Math.cos(angle), MIDDLE + radius * Math.sin(angle)];
}

function arc(radius: number, from: number, to: number): string {
  const [x1, y1] = point(radius, from);
  const [x2, y2] = point(radius, to);
  return `M ${x1} ${y1} A ${radius} ${radius} 0 ${to - from > Math.PI ? 1 : 0} 1 ${x2} ${y2}`;
}

function Segment({ zone, instances, from, step }: { zone: ZoneView; instances: InstanceObject[]; from: number; step: number }) {
  const gap = step > 6 ? 0.001 : GAP;
  const start = from + gap / 2;
  const end = from + step - gap / 2;
  const centre = from + step / 2;
  const shown = instances.slice(0, DOTS_SHOWN);
  const [letterX, letterY] = point(RIM, centre);
  const [spokeX1, spokeY1] = point(46, centre);
  const [spokeX2, spokeY2] = point(RIM - 18, centre);
  return (
    <g className={isUp(zone) ? 'zone-up' : 'zone-down'}>
      <path d={arc(RIM, start, end)} className="zone-rim" fill="none" strokeWidth={30} />
      <line x1={spokeX1} y1={spokeY1} x2={spokeX2} y2={spokeY2} className="zone-spoke" strokeWidth={5} strokeLinecap="round" />
      <text x={letterX} y={letterY} dy="0.36em" textAnchor="middle" className="zone-letter">
        {letterOf(zone.name)}
      </text>
      {shown.map((instance, index) => {
        const angle = centre + (index - (shown.length - 1) / 2) * Math.min(0.13, (step - 0.3) / Math.max(1, shown.length));
        const [x, y] = point(RIM + 23, angle);
        return <circle key={instance.id} cx={x} cy={y} r={4} className={`zone-dot ${instance.state === 'running' ? 'zone-dot-running' : ''}`} />;
      })}
    </g>
  );
}

function ZoneCard({ zone, instances }: { zone: ZoneView; instances: InstanceObject[] }) {
  const running = instances.filter((item) => item.state === 'running').length;
  const other = instances.length - running;
  return (
    <Box className={`zone-card ${isUp(zone) ? '' : 'zone-card-down'}`} data-zone={zone.name} data-state={zone.state}>
      <Group justify="space-between" gap="xs" wrap="nowrap" align="flex-start">
        <Stack gap={0}>
          <Group gap={8}>
            <Text fw={600} size="sm">
              {zone.name}
            </Text>
            <Badge variant="light" color={isUp(zone) ? 'green' : 'red'} size="sm" tt="none" leftSection={<span className="dot" />}>
              {t(isUp(zone) ? 'zoneAvailable' : 'zoneFailed')}
            </Badge>
          </Group>
          <Text size="xs" c="dimmed">
            {t('zoneRunning', { count: running })}
            {other > 0 && t('zoneNotRunning', { count: other })} · {t('zoneStored', { size: formatBytes(zone.stored_bytes) })}
          </Text>
          {!isUp(zone) && (
            <Text size="xs" c="red">
              {zone.reason || t('noReason')}, {formatAgo(zone.changed_us)}
            </Text>
          )}
        </Stack>
        <Drill zone={zone} />
      </Group>
    </Box>
  );
}

// Failing and restoring a zone, for the operator.
function Drill({ zone }: { zone: ZoneView }) {
  const session = useSession();
  const { ask, dialog } = useConfirm();
  const fail = useChange('failZone', { reads: ['listZones'], done: t('zoneGone', { zone: zone.name }) });
  const restore = useChange('restoreZone', { reads: ['listZones'], done: t('zoneBack', { zone: zone.name }) });
  if (!session.is_operator) return null;
  const failed = async () => {
    const text = t('drillAbout', { zone: zone.name });
    if (await ask({ title: t('failZoneAsk', { zone: zone.name }), text, yes: t('failTheZone') })) fail.mutate({ zone: zone.name, reason: 'drill' });
  };
  return (
    <>
      {dialog}
      {isUp(zone) ? (
        <Tooltip label={t('drillHint')}>
          <Button size="compact-xs" variant="subtle" color="gray" leftSection={<IconPlugConnectedX size={14} />} onClick={() => void failed()} aria-label={t('failZone', { zone: zone.name })}>
            {t('fail')}
          </Button>
        </Tooltip>
      ) : (
        <Button size="compact-xs" variant="light" leftSection={<IconPlugConnected size={14} />} loading={restore.isPending} onClick={() => restore.mutate({ zone: zone.name })} aria-label={t('restoreZone', { zone: zone.name })}>
          {t('restore')}
        </Button>
      )}
    </>
  );
}
