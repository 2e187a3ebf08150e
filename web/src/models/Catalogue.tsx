// Every model as a card, with what is being pulled above them.
import { Alert, Badge, Box, Button, Group, Menu, ActionIcon, SimpleGrid, Stack, Text, ThemeIcon, Title } from '@mantine/core';
import { IconAlertCircle, IconDots, IconDownload, IconMessage2Bolt, IconStack2, IconTrash } from '@tabler/icons-react';
import { useMutation } from '@tanstack/react-query';
import { useState } from 'react';
import { Link } from 'react-router';

import { useCall, useReadAgain } from '../api/call';
import { send } from '../api/client';
import type { ModelObject } from '../api/schema';
import { formatBytes } from '../app/format';
import { Copy, Failed, tell, tellFailure, Waiting } from '../app/parts';
import { PullDialog } from './PullDialog';
import { Pulls } from './Pulls';

export function Catalogue() {
  const models = useCall('listModels', {});
  const [pulling, setPulling] = useState<string | null>(null);
  if (models.isPending) return <Waiting />;
  if (models.isError) return <Failed error={models.error} retry={() => void models.refetch()} />;
  const hasReal = models.data.items.some((model) => model.task === 'generate' && !isTestModel(model));
  return (
    <Stack>
      <Group justify="flex-end">
        <Button leftSection={<IconDownload size={16} />} onClick={() => setPulling('')}>
          Pull a model
        </Button>
      </Group>
      <Pulls retry={setPulling} />
      {!hasReal && (
        <Alert color="amber" variant="light" icon={<IconAlertCircle size={18} />} title="No useful chat model yet">
          The one that comes with Volano only shows that everything works. Pull a real one, for example{' '}
          <span className="mono">Qwen/Qwen3-0.6B</span> (about 1.5 GB).
        </Alert>
      )}
      <SimpleGrid cols={{ base: 1, sm: 2, lg: 3 }} spacing="md">
        {models.data.items.map((model) => (
          <ModelCard key={model.id} model={model} />
        ))}
      </SimpleGrid>
      <PullDialog name={pulling} onClose={() => setPulling(null)} />
    </Stack>
  );
}

// The tiny model that is made for tests; Volano says so of it everywhere.
export function isTestModel(model: ModelObject): boolean {
  return model.built_in && model.owned_by === 'volano' && model.task === 'generate';
}

function ModelCard({ model }: { model: ModelObject }) {
  const isEmbed = model.task === 'embed';
  const to = isEmbed ? '/models/embeddings' : '/models/playground';
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
        <Copy value={model.id} label="Copy the name" />
        {!model.built_in && <CardMenu model={model} />}
      </Group>
      <Group gap={6}>
        <Badge variant="light" color={isEmbed ? 'indigo' : 'volano'}>
          {isEmbed ? 'Embeddings' : 'Chat'}
        </Badge>
        <Badge variant="default">{model.built_in ? 'Built in' : 'Pulled'}</Badge>
        {model.license && <Badge variant="default" tt="none">{model.license}</Badge>}
        {model.size_bytes > 0 && <Badge variant="default">{formatBytes(model.size_bytes)}</Badge>}
        {isTestModel(model) && (
          <Badge color="amber" variant="filled">
            Test model
          </Badge>
        )}
      </Group>
      <Text size="sm" style={{ flex: 1 }}>
        {plainNote(model.description)}
      </Text>
      <Button component={Link} to={`${to}?model=${encodeURIComponent(model.id)}`} variant="light" size="sm">
        {isEmbed ? 'Compare texts' : 'Try it'}
      </Button>
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

function CardMenu({ model }: { model: ModelObject }) {
  const again = useReadAgain();
  const remove = useMutation({
    mutationFn: () => send('DELETE', `/v1/models/${encodeURIComponent(model.id)}`),
    onSuccess: () => {
      again('listModels');
      tell(`${model.id} is deleted.`);
    },
    onError: tellFailure,
  });
  return (
    <Menu position="bottom-end">
      <Menu.Target>
        <ActionIcon variant="subtle" color="gray" aria-label={`More for ${model.id}`}>
          <IconDots size={16} />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Label>It can be pulled again at any time.</Menu.Label>
        <Menu.Item color="red" leftSection={<IconTrash size={16} />} disabled={remove.isPending} onClick={() => remove.mutate()}>
          Delete
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}
