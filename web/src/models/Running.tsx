// The models in memory: replicas, queue, keys and values, tokens a second, and who stays.
import { ActionIcon, Badge, Box, Group, Menu, NumberInput, Progress, SimpleGrid, Stack, Table, Text, Tooltip, VisuallyHidden } from '@mantine/core';
import { Sparkline } from '@mantine/charts';
import { IconArrowBarUp, IconCpu, IconDots, IconPin, IconPinnedOff, IconScale } from '@tabler/icons-react';
import { useEffect, useRef, useState } from 'react';

import { useCall, useChange, type Operation } from '../api/call';
import type { LiveObject, MachineObject, ScalingObject } from '../api/schema';
import { FormDialog } from '../app/FormDialog';
import { formatBytes } from '../app/format';
import { Empty, Failed, Surface, Waiting } from '../app/parts';
import { fromServer } from '../i18n/server';
import { t, type TextKey } from '../i18n/text';

const LOOK_EVERY_MS = 2_000;
const POINTS = 30;
const TIERS: Record<string, TextKey> = { resident: 'heldInMemory', host: 'heldParked', disk: 'heldOnDisk' };
export const READS: Operation[] = ['getModelsLive', 'getModelCatalogue'];

export function Running() {
  const live = useCall('getModelsLive', {}, { every: LOOK_EVERY_MS });
  const lines = useLines(live.data?.items, live.dataUpdatedAt);
  const [scaled, setScaled] = useState('');
  if (live.isPending) return <Waiting />;
  if (live.isError) return <Failed error={live.error} retry={() => void live.refetch()} />;
  const { items, machine } = live.data;
  return (
    <Stack>
      <Memory machine={machine} models={items} />
      {items.length === 0 ? (
        <Empty icon={<IconCpu size={28} />} title={t('noModelIsIn')}>
          {t('aModelIsLoaded')}
        </Empty>
      ) : (
        <Surface>
          <Table.ScrollContainer minWidth={760}>
            <Table verticalSpacing={8}>
              <Table.Thead>
                <Table.Tr>
                  <Table.Th>{t('model')}</Table.Th>
                  <Table.Th>{t('replicas')}</Table.Th>
                  <Table.Th>{t('runningWaiting')}</Table.Th>
                  <Table.Th w={150}>{t('keysAndValues')}</Table.Th>
                  <Table.Th w={190}>{t('tokensASecond')}</Table.Th>
                  <Table.Th>
                    <VisuallyHidden>{t('actions')}</VisuallyHidden>
                  </Table.Th>
                </Table.Tr>
              </Table.Thead>
              <Table.Tbody>
                {items.map((item) => (
                  <LiveRow key={item.model} item={item} line={lines[item.model] ?? []} scale={() => setScaled(item.model)} />
                ))}
              </Table.Tbody>
            </Table>
          </Table.ScrollContainer>
        </Surface>
      )}
      {scaled && <ScalingDialog model={scaled} onClose={() => setScaled('')} />}
    </Stack>
  );
}

// What each model did at the last looks, for its line.
function useLines(items: LiveObject[] | undefined, at: number): Record<string, number[]> {
  const kept = useRef<Record<string, number[]>>({});
  const [lines, setLines] = useState<Record<string, number[]>>({});
  useEffect(() => {
    if (items === undefined) return;
    kept.current = Object.fromEntries(items.map((item) => [item.model, [...(kept.current[item.model] ?? []), item.tokens_per_s].slice(-POINTS)]));
    setLines(kept.current);
  }, [items, at]);
  return lines;
}

function Memory({ machine, models }: { machine: MachineObject; models: LiveObject[] }) {
  const weights = models.reduce((sum, item) => sum + item.size_bytes, 0);
  const used = machine.memory_bytes - machine.memory_free_bytes;
  const share = (bytes: number) => (machine.memory_bytes > 0 ? (100 * bytes) / machine.memory_bytes : 0);
  return (
    <Surface title={t('memoryOfThisMachine')} aside={<Badge variant="light">{fromServer(machine.text || machine.state)}</Badge>}>
      <Progress.Root size="lg">
        <Progress.Section value={share(Math.min(weights, used))} color="volano" aria-label={t('memoryOfModels')} />
        <Progress.Section value={share(Math.max(0, used - weights))} color="gray" aria-label={t('memoryUsed', { used: Math.round(share(used)) })} />
      </Progress.Root>
      <SimpleGrid cols={{ base: 1, sm: 3 }} mt="xs" spacing={4}>
        <Text size="sm">{t('memoryWeights', { size: formatBytes(weights) })}</Text>
        <Text size="sm">{t('memoryRest', { size: formatBytes(Math.max(0, used - weights)) })}</Text>
        <Text size="sm">
          {t('memoryFree', { size: formatBytes(machine.memory_free_bytes), size2: formatBytes(machine.memory_bytes) })}
        </Text>
      </SimpleGrid>
    </Surface>
  );
}

function LiveRow({ item, line, scale }: { item: LiveObject; line: number[]; scale: () => void }) {
  const unload = useChange('unloadModel', { reads: READS, done: t('modelUnloaded', { id: item.model }) });
  const pin = useChange('pinModel', { reads: READS });
  const kv = Math.round(item.kv_used * 100);
  return (
    <Table.Tr aria-label={item.model}>
      <Table.Td>
        <Text size="sm" fw={600} style={{ overflowWrap: 'anywhere' }}>
          {item.model}
        </Text>
        <Group gap={6}>
          <Text size="xs" c="dimmed">
            {formatBytes(item.size_bytes)}, {TIERS[item.tier] ? t(TIERS[item.tier]!) : item.tier}
          </Text>
          {item.pinned && <Badge size="xs">{t('pinnedSmall')}</Badge>}
        </Group>
      </Table.Td>
      <Table.Td>
        {item.replicas}
        {Object.entries(item.zones).map(([zone, count]) => (
          <Text key={zone} size="xs" c="dimmed">
            {t('replicasInZone', { zone, count })}
          </Text>
        ))}
      </Table.Td>
      <Table.Td>
        {item.running}, {item.waiting}
      </Table.Td>
      <Table.Td>
        <Tooltip label={t('blocksOf', { used: item.kv_blocks - item.kv_blocks_free, all: item.kv_blocks })}>
          <Box>
            <Progress value={kv} color={kv > 90 ? 'red' : 'volano'} aria-label={t('keysAndValuesOf', { model: item.model })} />
            <Text size="xs" c="dimmed">
              {kv} %
            </Text>
          </Box>
        </Tooltip>
      </Table.Td>
      <Table.Td>
        <Group gap="xs" wrap="nowrap">
          <Text size="sm" w={44} ta="right" style={{ fontVariantNumeric: 'tabular-nums' }}>
            {item.tokens_per_s.toFixed(item.tokens_per_s < 10 ? 1 : 0)}
          </Text>
          <Sparkline w={110} h={28} data={line} aria-hidden />
        </Group>
      </Table.Td>
      <Table.Td ta="right">
        <Menu position="bottom-end">
          <Menu.Target>
            <ActionIcon variant="subtle" color="gray" aria-label={t('actionsFor', { name: item.model })}>
              <IconDots size={16} />
            </ActionIcon>
          </Menu.Target>
          <Menu.Dropdown>
            <Menu.Item leftSection={item.pinned ? <IconPinnedOff size={16} /> : <IconPin size={16} />} onClick={() => pin.mutate({ model: item.model, pinned: !item.pinned })}>
              {item.pinned ? t('letItLeave') : t('keepInMemory')}
            </Menu.Item>
            <Menu.Item leftSection={<IconScale size={16} />} onClick={scale}>
              {t('replicas')}
            </Menu.Item>
            <Menu.Item leftSection={<IconArrowBarUp size={16} />} disabled={item.pinned} onClick={() => unload.mutate({ model: item.model })}>
              {t('unload')}
            </Menu.Item>
          </Menu.Dropdown>
        </Menu>
      </Table.Td>
    </Table.Tr>
  );
}

export function ScalingDialog({ model, onClose }: { model: string; onClose: () => void }) {
  const { data, error } = useCall('getModelScaling', { model });
  if (error !== null) return <Failed error={error} />;
  return data ? <ScalingForm scaling={data} onClose={onClose} /> : null;
}

type Numbers = Omit<ScalingObject, 'model' | 'pinned'>;

const FIELDS: { name: keyof Numbers; label: TextKey; description?: TextKey; min: number }[] = [
  { name: 'replicas_min', label: 'replicasMin', description: 'replicasMinAbout', min: 0 },
  { name: 'replicas_max', label: 'replicasMax', min: 1 },
  { name: 'queue_per_replica', label: 'queuePerReplica', min: 1 },
  { name: 'deadline_ms', label: 'deadlineMs', description: 'deadlineMsAbout', min: 0 },
  { name: 'idle_s', label: 'idleS', min: 1 },
];

function ScalingForm({ scaling, onClose }: { scaling: ScalingObject; onClose: () => void }) {
  const [values, setValues] = useState<Numbers>(scaling);
  const put = useChange('putModelScaling', { reads: ['getModelScaling', ...READS], done: t('modelScales', { model: scaling.model }) });
  const submit = () => {
    const numbers = Object.fromEntries(FIELDS.map(({ name }) => [name, values[name]])) as unknown as Numbers;
    put.mutate({ model: scaling.model, ...numbers }, { onSuccess: onClose });
  };
  return (
    <FormDialog title={t('replicasOf', { model: scaling.model })} yes={t('save')} onClose={onClose} submit={submit} busy={put.isPending}>
      {FIELDS.map(({ name, label, description, min }) => (
        <NumberInput key={name} label={t(label)} description={description && t(description)} min={min} value={values[name]} onChange={(given) => typeof given === 'number' && setValues({ ...values, [name]: given })} />
      ))}
    </FormDialog>
  );
}
