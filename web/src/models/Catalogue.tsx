// Every model as a card, with what is being pulled above them.
import { Alert, Badge, Box, Button, Group, Menu, ActionIcon, SimpleGrid, Stack, Text, ThemeIcon, Title } from '@mantine/core';
import { IconAlertCircle, IconArrowBarDown, IconArrowBarUp, IconDots, IconDownload, IconMessage2Bolt, IconPackage, IconPin, IconScale, IconStack2, IconTrash } from '@tabler/icons-react';
import { useMutation } from '@tanstack/react-query';
import { useState } from 'react';
import { Link } from 'react-router';

import { useCall, useChange, useReadAgain } from '../api/call';
import { send } from '../api/client';
import type { CatalogueObject } from '../api/schema';
import { formatBytes, formatMoney } from '../app/format';
import { Copy, Failed, tell, tellFailure, Waiting } from '../app/parts';
import { fromServer } from '../i18n/server';
import { Say, t, type TextKey } from '../i18n/text';
import { PullDialog } from './PullDialog';
import { Pulls } from './Pulls';
import { READS, ScalingDialog } from './Running';

const LOOK_EVERY_MS = 5_000;
const KINDS: Record<string, TextKey> = { 'built-in': 'groupBuiltIn', pulled: 'groupPulled', upstream: 'groupElsewhere', route: 'groupRoute', available: 'groupToPull' };
const FORMS = ['int8', 'int4', 'bf16'];

export function Catalogue() {
  const models = useCall('getModelCatalogue', {}, { every: LOOK_EVERY_MS });
  const [pulling, setPulling] = useState<string | null>(null);
  if (models.isPending) return <Waiting />;
  if (models.isError) return <Failed error={models.error} retry={() => void models.refetch()} />;
  const hasReal = models.data.items.some((model) => model.kind !== 'available' && model.task === 'generate' && !isTestModel(model));
  return (
    <Stack>
      <Group justify="flex-end">
        <Button leftSection={<IconDownload size={16} />} onClick={() => setPulling('')}>
          {t('pullAModel')}
        </Button>
      </Group>
      <Pulls retry={setPulling} />
      {!hasReal && (
        <Alert color="amber" variant="light" icon={<IconAlertCircle size={18} />} title={t('noUsefulChatModel')}>
          <Say text="theOneThatComes" values={{ b: <span className="mono">Qwen/Qwen3-0.6B</span> }} />
        </Alert>
      )}
      <SimpleGrid cols={{ base: 1, sm: 2, lg: 3 }} spacing="md">
        {models.data.items.map((model) => (
          <ModelCard key={model.id} model={model} pull={() => setPulling(model.id)} />
        ))}
      </SimpleGrid>
      <PullDialog name={pulling} onClose={() => setPulling(null)} />
    </Stack>
  );
}

// The tiny model that is made for tests; Volano says so of it everywhere.
export function isTestModel(model: { kind?: string; built_in?: boolean; owned_by: string; task: string }): boolean {
  return (model.built_in === true || model.kind === 'built-in') && model.owned_by === 'volano' && model.task === 'generate';
}

function ModelCard({ model, pull }: { model: CatalogueObject; pull: () => void }) {
  const isEmbed = model.task === 'embed';
  return (
    <Box className="surface" p="md" component="article" aria-label={model.id} style={{ display: 'flex', flexDirection: 'column', gap: 12 }}>
      <Group wrap="nowrap" align="flex-start" gap="sm">
        <ThemeIcon size={40} radius="md" variant="light" color={isEmbed ? 'indigo' : isTestModel(model) ? 'amber' : 'volano'}>
          {isEmbed ? <IconStack2 size={22} /> : <IconMessage2Bolt size={22} />}
        </ThemeIcon>
        <Box style={{ minWidth: 0, flex: 1 }}>
          <Title order={2} fz={16} style={{ overflowWrap: 'anywhere' }}>
            {model.id}
          </Title>
          <Text size="sm" c="dimmed">
            {model.owned_by}
          </Text>
        </Box>
        <Copy value={model.id} label={t('copyTheName')} />
        {model.kind !== 'available' && model.kind !== 'route' && <CardMenu model={model} />}
      </Group>
      <Marks model={model} isEmbed={isEmbed} />
      <Text size="sm" style={{ flex: 1 }}>
        {plainNote(fromServer(model.description))}
      </Text>
      <Needs model={model} />
      {model.kind === 'available' ? (
        <Button variant="light" size="sm" leftSection={<IconDownload size={16} />} onClick={pull}>
          {t('pull')}
        </Button>
      ) : (
        <Button component={Link} to={`/models/${isEmbed ? 'embeddings' : 'playground'}?model=${encodeURIComponent(model.id)}`} variant="light" size="sm">
          {isEmbed ? t('compareTexts') : t('tryModel')}
        </Button>
      )}
    </Box>
  );
}

function Marks({ model, isEmbed }: { model: CatalogueObject; isEmbed: boolean }) {
  return (
    <Group gap={6}>
      <Badge variant="light" color={isEmbed ? 'indigo' : 'volano'}>
        {isEmbed ? t('embeddings') : t('kindChat')}
      </Badge>
      <Badge variant="default">{KINDS[model.kind] ? t(KINDS[model.kind]!) : model.kind}</Badge>
      {model.license && <Badge variant="default" tt="none">{model.license}</Badge>}
      {model.size_bytes > 0 && <Badge variant="default">{formatBytes(model.size_bytes)}</Badge>}
      {model.live && <Badge variant="light">{model.live.tier === 'resident' ? t('inMemory') : t('parked')}</Badge>}
      {model.pinned && <Badge variant="light">{t('pinnedModel')}</Badge>}
      {isTestModel(model) && (
        <Badge color="amber" variant="filled">
          {t('testModel')}
        </Badge>
      )}
    </Group>
  );
}

// What it needs, whether this machine has it, and what a million tokens cost.
function Needs({ model }: { model: CatalogueObject }) {
  return (
    <Box>
      {model.memory_bytes !== null && (
        <Text size="xs" c={model.fits ? 'dimmed' : 'red'}>
          {t('needsMemory', { size: formatBytes(model.memory_bytes), fits: model.fits ? t('fitsThisMachine') : t('tooBigForThis') })}
        </Text>
      )}
      {model.price && (
        <Text size="xs" c="dimmed">
          {t('millionTokens', { money: formatMoney(model.price.input, model.currency), money2: formatMoney(model.price.output, model.currency) })}
        </Text>
      )}
    </Box>
  );
}

// Notes mark commands with backquotes.
function plainNote(note: string) {
  return note.split('`').map((part, index) =>
    index % 2 === 0 ? (
      part
    ) : (
      <span key={index} className="mono" style={{ whiteSpace: 'nowrap' }}>
        {part}
      </span>
    ),
  );
}

function CardMenu({ model }: { model: CatalogueObject }) {
  const again = useReadAgain();
  const [isScaling, setScaling] = useState(false);
  const isHere = model.kind !== 'upstream';
  const load = useChange('loadModel', { reads: READS, done: t('modelLoaded', { id: model.id }) });
  const unload = useChange('unloadModel', { reads: READS, done: t('modelUnloaded', { id: model.id }) });
  const pin = useChange('pinModel', { reads: READS });
  const pack = useChange('quantizeModel', { reads: ['listJobs', ...READS], done: t('modelPacking', { id: model.id }) });
  const remove = useMutation({
    mutationFn: () => send('DELETE', `/v1/models/${encodeURIComponent(model.id)}`),
    onSuccess: () => {
      again('listModels', 'getModelCatalogue');
      tell(t('modelDeleted', { id: model.id }));
    },
    onError: tellFailure,
  });
  return (
    <>
      <Menu position="bottom-end">
        <Menu.Target>
          <ActionIcon variant="subtle" color="gray" aria-label={t('moreFor', { id: model.id })} loading={load.isPending}>
            <IconDots size={16} />
          </ActionIcon>
        </Menu.Target>
        <Menu.Dropdown>
          {isHere && (
            <>
              <Menu.Item leftSection={<IconArrowBarDown size={16} />} disabled={model.live?.tier === 'resident'} onClick={() => load.mutate({ model: model.id })}>
                {t('load')}
              </Menu.Item>
              <Menu.Item leftSection={<IconArrowBarUp size={16} />} disabled={model.live === null || model.pinned} onClick={() => unload.mutate({ model: model.id })}>
                {t('unload')}
              </Menu.Item>
              <Menu.Item leftSection={<IconPin size={16} />} onClick={() => pin.mutate({ model: model.id, pinned: !model.pinned })}>
                {model.pinned ? t('letItLeaveMemory') : t('keepInMemory')}
              </Menu.Item>
              <Menu.Item leftSection={<IconScale size={16} />} onClick={() => setScaling(true)}>
                {t('replicas')}
              </Menu.Item>
            </>
          )}
          {model.kind === 'pulled' &&
            FORMS.map((form) => (
              <Menu.Item key={form} leftSection={<IconPackage size={16} />} onClick={() => pack.mutate({ model: model.id, form })}>
                {t('packAs', { form })}
              </Menu.Item>
            ))}
          {model.kind !== 'built-in' && (
            <>
              <Menu.Label>{t('itCanComeBack')}</Menu.Label>
              <Menu.Item color="red" leftSection={<IconTrash size={16} />} disabled={remove.isPending} onClick={() => remove.mutate()}>
                {t('delete')}
              </Menu.Item>
            </>
          )}
        </Menu.Dropdown>
      </Menu>
      {isScaling && <ScalingDialog model={model.id} onClose={() => setScaling(false)} />}
    </>
  );
}
