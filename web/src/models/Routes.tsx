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
import { t } from '../i18n/text';

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
      {t('addARoute')}
    </Button>
  );
  return (
    <Stack>
      {data.items.length === 0 ? (
        <Empty icon={<IconRoute size={28} />} title={t('noRouteYet')} action={add}>
          {t('aRouteIsA')}
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
  const remove = useChange('deleteModelRoute', { reads: READS, done: t('routeDeleted', { name: route.name }) });
  const promote = useChange('promoteModelCanary', { reads: READS, done: t('routePromoted', { model: route.canary?.model ?? '', name: route.name }) });
  const back = useChange('rollBackModelRoute', { reads: READS, done: t('routeRolledBack', { name: route.name }) });
  const askDelete = async () => {
    if (await ask({ title: t('deleteNameAsk', { name: route.name }), text: t('whoAsksThisName'), yes: t('delete') })) remove.mutate({ route: route.name });
  };
  const aside = (
    <Group gap="xs">
      {route.canary === null ? (
        <Button size="compact-sm" variant="light" leftSection={<IconFlask size={15} />} onClick={() => setTrying(true)}>
          {t('tryAVersion')}
        </Button>
      ) : (
        <Button size="compact-sm" leftSection={<IconArrowUp size={15} />} loading={promote.isPending} onClick={() => promote.mutate({ route: route.name })}>
          {t('promote')}
        </Button>
      )}
      {(route.canary !== null || route.previous.length > 0) && (
        <Button size="compact-sm" variant="default" leftSection={<IconArrowBackUp size={15} />} loading={back.isPending} onClick={() => back.mutate({ route: route.name })}>
          {t('rollBack')}
        </Button>
      )}
      <Button size="compact-sm" variant="subtle" color="red" leftSection={<IconTrash size={15} />} onClick={() => void askDelete()}>
        {t('delete')}
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
            {t('thenModel', { name })}
          </Badge>
        ))}
        {route.resting.map((name) => (
          <Badge key={name} color="red" variant="light" tt="none">
            {t('restsAfterFailure', { name })}
          </Badge>
        ))}
        {route.sticky && <Badge variant="default">{t('sticky')}</Badge>}
        {route.cache_ttl_s > 0 && <Badge variant="default">{t('repeatsKept', { seconds: route.cache_ttl_s })}</Badge>}
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
  if (route.canary) shares.push({ model: t('onTrial', { model: route.canary.model }), percent: trial });
  return (
    <>
      <Progress.Root size="lg" aria-label={t('sharesOf', { name: route.name })}>
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
        {t('nobodyHasAskedIt')}
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
            <Table.Th>{t('model')}</Table.Th>
            <Table.Th>{t('requests')}</Table.Th>
            <Table.Th>{t('errors')}</Table.Th>
            <Table.Th>{t('firstTokenP50P95')}</Table.Th>
            <Table.Th>{t('inAllP50P95')}</Table.Th>
            <Table.Th>{t('tokensInOut')}</Table.Th>
            <Table.Th>{t('costOfOne')}</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {items.map((item) => (
            <Table.Tr key={item.model}>
              <Table.Td>{item.model}</Table.Td>
              <Table.Td>
                {item.requests}
                {item.cached > 0 && t('cachedCount', { cached: item.cached })}
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
    <FormDialog title={t('addARoute')} yes={t('add')} onClose={onClose} submit={submit} busy={put.isPending}>
      <TextInput label={t('name')} placeholder="shop-assistant" required data-autofocus value={name} onChange={(event) => setName(event.currentTarget.value)} />
      <MultiSelect label={t('placeModels')} data={models} value={targets} onChange={setTargets} required searchable />
      <SimpleGrid cols={2}>
        {targets.map((model) => (
          <NumberInput
            key={model}
            label={t('weightOf', { model })}
            min={1}
            max={1000}
            value={weights[model] ?? 1}
            onChange={(given) => typeof given === 'number' && setWeights({ ...weights, [model]: given })}
          />
        ))}
      </SimpleGrid>
      <MultiSelect label={t('whenTheyFail')} description={t('askedInThisOrder')} data={models.filter((model) => !targets.includes(model))} value={fallbacks} onChange={setFallbacks} searchable />
      <NumberInput label={t('keepAnswersForExact')} description={t('n0KeepsNone')} min={0} value={keep} onChange={(given) => typeof given === 'number' && setKeep(given)} />
      <Switch label={t('theSamePersonGets')} checked={sticky} onChange={(event) => setSticky(event.currentTarget.checked)} />
    </FormDialog>
  );
}

function TrialDialog({ route, onClose }: { route: RouteObject; onClose: () => void }) {
  const models = useChatModels().filter((model) => !route.targets.some((target) => target.model === model));
  const [model, setModel] = useState<string | null>(null);
  const [percent, setPercent] = useState(10);
  const put = useChange('putModelCanary', { reads: READS, done: t('trialBegun', { model: model ?? '' }) });
  const submit = () => model !== null && put.mutate({ route: route.name, model, percent }, { onSuccess: onClose });
  return (
    <FormDialog title={t('tryVersionFor', { name: route.name })} yes={t('beginTheTrial')} onClose={onClose} submit={submit} busy={put.isPending}>
      <Select label={t('model')} data={models} value={model} onChange={setModel} required searchable />
      <NumberInput label={t('percentOfTheRequests')} min={1} max={99} value={percent} onChange={(given) => typeof given === 'number' && setPercent(given)} />
    </FormDialog>
  );
}
