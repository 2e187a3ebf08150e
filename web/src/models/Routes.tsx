// Routes: a name that stands for several models by weight, with a version on trial beside them.
import { Badge, Button, Group, MultiSelect, NumberInput, Progress, Select, SimpleGrid, Stack, Switch, Table, Text, TextInput } from '@mantine/core';
import { IconArrowBackUp, IconArrowUp, IconFlask, IconPlus, IconRoute, IconTrash } from '@tabler/icons-react';
import { useState } from 'react';

import { useCall, useChange, type Operation } from '../api/call';
import type { FiguresObject, RouteObject } from '../api/schema';
import { useConfirm } from '../app/confirm';
import { FormDialog } from '../app/FormDialog';
import { formatMoney } from '../app/format';
import { Empty, Failed, Surface, Waiting } from '../app/parts';

const READS: Operation[] = ['listModelRoutes', 'compareModelRoute', 'getModelCatalogue'];
const COLORS = ['volano', 'indigo', 'amber', 'grape', 'teal', 'pink'];
const LOOK_EVERY_MS = 5_000;

export function Routes() {
  const { data, error, isPending } = useCall('listModelRoutes', {}, { every: LOOK_EVERY_MS });
  const [adding, setAdding] = useState(false);
  if (isPending) return <Waiting />;
  if (error !== null) return <Failed error={error} />;
  const add = (
    <Button leftSection={<IconPlus size={16} />} onClick={() => setAdding(true)}>
      Add a route
    </Button>
  );
  return (
    <Stack>
      {data.items.length === 0 ? (
        <Empty icon={<IconRoute size={28} />} title="No route yet" action={add}>
          A route is a model’s name that several models answer for: by weight, with others behind them when they fail, and with a new version on trial.
        </Empty>
      ) : (
        <Group justify="flex-end">{add}</Group>
      )}
      {data.items.map((route) => (
        <RouteCard key={route.name} route={route} />
      ))}
      {adding && <RouteDialog onClose={() => setAdding(false)} />}
    </Stack>
  );
}

function useChatModels(): string[] {
  const catalogue = useCall('getModelCatalogue', {});
  const items = catalogue.data?.items ?? [];
  return items.filter((item) => item.kind !== 'route' && item.kind !== 'available').map((item) => item.id);
}

function RouteCard({ route }: { route: RouteObject }) {
  const { ask, dialog } = useConfirm();
  const [trying, setTrying] = useState(false);
  const remove = useChange('deleteModelRoute', { reads: READS, done: `${route.name} is gone; its models stay.` });
  const promote = useChange('promoteModelCanary', { reads: READS, done: `${route.canary?.model} serves ${route.name} now.` });
  const back = useChange('rollBackModelRoute', { reads: READS, done: `${route.name} is as it was before.` });
  const askDelete = async () => {
    if (await ask({ title: `Delete ${route.name}?`, text: 'Who asks this name gets an error from then on.', yes: 'Delete' })) remove.mutate({ route: route.name });
  };
  const aside = (
    <Group gap="xs">
      {route.canary === null ? (
        <Button size="compact-sm" variant="light" leftSection={<IconFlask size={15} />} onClick={() => setTrying(true)}>
          Try a version
        </Button>
      ) : (
        <Button size="compact-sm" leftSection={<IconArrowUp size={15} />} loading={promote.isPending} onClick={() => promote.mutate({ route: route.name })}>
          Promote
        </Button>
      )}
      {(route.canary !== null || route.previous.length > 0) && (
        <Button size="compact-sm" variant="default" leftSection={<IconArrowBackUp size={15} />} loading={back.isPending} onClick={() => back.mutate({ route: route.name })}>
          Roll back
        </Button>
      )}
      <Button size="compact-sm" variant="subtle" color="red" leftSection={<IconTrash size={15} />} onClick={() => void askDelete()}>
        Delete
      </Button>
    </Group>
  );
  return (
    <Surface title={route.name} aside={aside}>
      {dialog}
      <Shares route={route} />
      <Group gap={6} mt="xs">
        {route.fallbacks.map((name) => (
          <Badge key={name} variant="default" tt="none">
            then {name}
          </Badge>
        ))}
        {route.resting.map((name) => (
          <Badge key={name} color="red" variant="light" tt="none">
            {name} rests after a failure
          </Badge>
        ))}
        {route.sticky && <Badge variant="default">sticky</Badge>}
        {route.cache_ttl_s > 0 && <Badge variant="default">repeats kept {route.cache_ttl_s} s</Badge>}
      </Group>
      <Figures route={route.name} />
      {trying && <TrialDialog route={route} onClose={() => setTrying(false)} />}
    </Surface>
  );
}

function Shares({ route }: { route: RouteObject }) {
  const trial = route.canary?.percent ?? 0;
  const total = route.targets.reduce((sum, target) => sum + (target.weight ?? 1), 0) || 1;
  const shares = route.targets.map((target) => ({ model: target.model, percent: ((100 - trial) * (target.weight ?? 1)) / total }));
  if (route.canary) shares.push({ model: `${route.canary.model} (on trial)`, percent: trial });
  return (
    <>
      <Progress.Root size="lg" aria-label={`Shares of ${route.name}`}>
        {shares.map(({ model, percent }, index) => (
          <Progress.Section key={model} value={percent} color={COLORS[index % COLORS.length]!} />
        ))}
      </Progress.Root>
      <Group gap="md" mt={6}>
        {shares.map(({ model, percent }, index) => (
          <Group key={model} gap={6}>
            <Badge size="xs" circle color={COLORS[index % COLORS.length]!} aria-hidden />
            <Text size="sm">
              {model} {percent.toFixed(percent < 10 ? 1 : 0)} %
            </Text>
          </Group>
        ))}
      </Group>
    </>
  );
}

function Figures({ route }: { route: string }) {
  const { data } = useCall('compareModelRoute', { route }, { every: LOOK_EVERY_MS });
  if (!data || data.items.every((item) => item.requests === 0)) {
    return (
      <Text size="sm" c="dimmed" mt="sm">
        Nobody has asked it since it was changed.
      </Text>
    );
  }
  return <FiguresTable items={data.items} />;
}

// How models did beside each other: the slowest and dearest figures are plain to see.
export function FiguresTable({ items }: { items: FiguresObject[] }) {
  return (
    <Table.ScrollContainer minWidth={640} mt="sm">
      <Table verticalSpacing={6}>
        <Table.Thead>
          <Table.Tr>
            <Table.Th>Model</Table.Th>
            <Table.Th>Requests</Table.Th>
            <Table.Th>Errors</Table.Th>
            <Table.Th>First token, p50 / p95</Table.Th>
            <Table.Th>In all, p50 / p95</Table.Th>
            <Table.Th>Tokens in, out</Table.Th>
            <Table.Th>Cost of one</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {items.map((item) => (
            <Table.Tr key={item.model}>
              <Table.Td>{item.model}</Table.Td>
              <Table.Td>
                {item.requests}
                {item.cached > 0 && ` (${item.cached} kept)`}
              </Table.Td>
              <Table.Td c={item.errors > 0 ? 'red' : undefined}>{item.errors}</Table.Td>
              <Table.Td>
                {seconds(item.first_token_s_p50)} / {seconds(item.first_token_s_p95)}
              </Table.Td>
              <Table.Td>
                {seconds(item.latency_s_p50)} / {seconds(item.latency_s_p95)}
              </Table.Td>
              <Table.Td>
                {item.input_tokens}, {item.output_tokens}
              </Table.Td>
              <Table.Td>{formatMoney(item.cost_per_request, item.currency)}</Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  );
}

export function seconds(value: number): string {
  return value < 1 ? `${Math.round(value * 1000)} ms` : `${value.toFixed(1)} s`;
}

function RouteDialog({ onClose }: { onClose: () => void }) {
  const models = useChatModels();
  const [name, setName] = useState('');
  const [targets, setTargets] = useState<string[]>([]);
  const [weights, setWeights] = useState<Record<string, number>>({});
  const [fallbacks, setFallbacks] = useState<string[]>([]);
  const [sticky, setSticky] = useState(false);
  const [keep, setKeep] = useState(0);
  const put = useChange('putModelRoute', { reads: READS });
  const submit = () =>
    put.mutate(
      { route: name, targets: targets.map((model) => ({ model, weight: weights[model] ?? 1 })), fallbacks, sticky, cache_ttl_s: keep },
      { onSuccess: onClose },
    );
  return (
    <FormDialog title="Add a route" yes="Add" onClose={onClose} submit={submit} busy={put.isPending}>
      <TextInput label="Name" placeholder="shop-assistant" required data-autofocus value={name} onChange={(event) => setName(event.currentTarget.value)} />
      <MultiSelect label="Models" data={models} value={targets} onChange={setTargets} required searchable />
      <SimpleGrid cols={2}>
        {targets.map((model) => (
          <NumberInput
            key={model}
            label={`Weight of ${model}`}
            min={1}
            max={1000}
            value={weights[model] ?? 1}
            onChange={(given) => typeof given === 'number' && setWeights({ ...weights, [model]: given })}
          />
        ))}
      </SimpleGrid>
      <MultiSelect label="When they fail" description="Asked in this order" data={models.filter((model) => !targets.includes(model))} value={fallbacks} onChange={setFallbacks} searchable />
      <NumberInput label="Keep answers for exact repeats (s)" description="0 keeps none" min={0} value={keep} onChange={(given) => typeof given === 'number' && setKeep(given)} />
      <Switch label="The same person gets the same model" checked={sticky} onChange={(event) => setSticky(event.currentTarget.checked)} />
    </FormDialog>
  );
}

function TrialDialog({ route, onClose }: { route: RouteObject; onClose: () => void }) {
  const models = useChatModels().filter((model) => !route.targets.some((target) => target.model === model));
  const [model, setModel] = useState<string | null>(null);
  const [percent, setPercent] = useState(10);
  const put = useChange('putModelCanary', { reads: READS, done: `${model} is on trial.` });
  const submit = () => model !== null && put.mutate({ route: route.name, model, percent }, { onSuccess: onClose });
  return (
    <FormDialog title={`Try a version for ${route.name}`} yes="Begin the trial" onClose={onClose} submit={submit} busy={put.isPending}>
      <Select label="Model" data={models} value={model} onChange={setModel} required searchable />
      <NumberInput label="Percent of the requests" min={1} max={99} value={percent} onChange={(given) => typeof given === 'number' && setPercent(given)} />
    </FormDialog>
  );
}
