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

const LOOK_EVERY_MS = 2_000;
const POINTS = 30;
const TIERS: Record<string, string> = { resident: 'in memory', host: 'parked', disk: 'on disk' };
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
        <Empty icon={<IconCpu size={28} />} title="No model is in memory">
          A model is loaded by its first question, or under “All models” beforehand.
        </Empty>
      ) : (
        <Surface>
          <Table.ScrollContainer minWidth={760}>
            <Table verticalSpacing={8}>
              <Table.Thead>
                <Table.Tr>
                  <Table.Th>Model</Table.Th>
                  <Table.Th>Replicas</Table.Th>
                  <Table.Th>Running, waiting</Table.Th>
                  <Table.Th w={150}>Keys and values</Table.Th>
                  <Table.Th w={190}>Tokens a second</Table.Th>
                  <Table.Th>
                    <VisuallyHidden>Actions</VisuallyHidden>
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
    <Surface title="Memory of this machine" aside={<Badge variant="light">{machine.text || machine.state}</Badge>}>
      <Progress.Root size="lg" aria-label={`${Math.round(share(used))} % of the memory is used`}>
        <Progress.Section value={share(Math.min(weights, used))} color="volano" />
        <Progress.Section value={share(Math.max(0, used - weights))} color="gray" />
      </Progress.Root>
      <SimpleGrid cols={{ base: 1, sm: 3 }} mt="xs" spacing={4}>
        <Text size="sm">{formatBytes(weights)} weights of models</Text>
        <Text size="sm">{formatBytes(Math.max(0, used - weights))} everything else</Text>
        <Text size="sm">
          {formatBytes(machine.memory_free_bytes)} free of {formatBytes(machine.memory_bytes)}
        </Text>
      </SimpleGrid>
    </Surface>
  );
}

function LiveRow({ item, line, scale }: { item: LiveObject; line: number[]; scale: () => void }) {
  const unload = useChange('unloadModel', { reads: READS, done: `${item.model} is out of memory.` });
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
            {formatBytes(item.size_bytes)}, {TIERS[item.tier] ?? item.tier}
          </Text>
          {item.pinned && <Badge size="xs">pinned</Badge>}
        </Group>
      </Table.Td>
      <Table.Td>{item.replicas}</Table.Td>
      <Table.Td>
        {item.running}, {item.waiting}
      </Table.Td>
      <Table.Td>
        <Tooltip label={`${item.kv_blocks - item.kv_blocks_free} of ${item.kv_blocks} blocks`}>
          <Box>
            <Progress value={kv} color={kv > 90 ? 'red' : 'volano'} aria-label={`Keys and values of ${item.model}`} />
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
            <ActionIcon variant="subtle" color="gray" aria-label={`Actions for ${item.model}`}>
              <IconDots size={16} />
            </ActionIcon>
          </Menu.Target>
          <Menu.Dropdown>
            <Menu.Item leftSection={item.pinned ? <IconPinnedOff size={16} /> : <IconPin size={16} />} onClick={() => pin.mutate({ model: item.model, pinned: !item.pinned })}>
              {item.pinned ? 'Let it leave' : 'Keep in memory'}
            </Menu.Item>
            <Menu.Item leftSection={<IconScale size={16} />} onClick={scale}>
              Replicas
            </Menu.Item>
            <Menu.Item leftSection={<IconArrowBarUp size={16} />} disabled={item.pinned} onClick={() => unload.mutate({ model: item.model })}>
              Unload
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

const FIELDS: { name: keyof Numbers; label: string; description?: string; min: number }[] = [
  { name: 'replicas_min', label: 'At least', description: '0 lets it leave when nobody asks', min: 0 },
  { name: 'replicas_max', label: 'At most', min: 1 },
  { name: 'queue_per_replica', label: 'Requests for each replica', min: 1 },
  { name: 'deadline_ms', label: 'First token within (ms)', description: 'One more while tokens come later; 0 for no limit', min: 0 },
  { name: 'idle_s', label: 'Leaves after (seconds idle)', min: 1 },
];

function ScalingForm({ scaling, onClose }: { scaling: ScalingObject; onClose: () => void }) {
  const [values, setValues] = useState<Numbers>(scaling);
  const put = useChange('putModelScaling', { reads: ['getModelScaling', ...READS], done: `${scaling.model} scales anew.` });
  const submit = () => {
    const numbers = Object.fromEntries(FIELDS.map(({ name }) => [name, values[name]])) as unknown as Numbers;
    put.mutate({ model: scaling.model, ...numbers }, { onSuccess: onClose });
  };
  return (
    <FormDialog title={`Replicas of ${scaling.model}`} yes="Save" onClose={onClose} submit={submit} busy={put.isPending}>
      {FIELDS.map(({ name, ...shown }) => (
        <NumberInput key={name} {...shown} value={values[name]} onChange={(given) => typeof given === 'number' && setValues({ ...values, [name]: given })} />
      ))}
    </FormDialog>
  );
}
