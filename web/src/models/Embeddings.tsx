// Texts compared by meaning: every pair's cosine, as a heat map that can also be read as numbers.
import { ActionIcon, Box, Button, Group, Select, SimpleGrid, Stack, Text, Textarea, Tooltip } from '@mantine/core';
import { IconPlus, IconStack2, IconTrash } from '@tabler/icons-react';
import { useMutation } from '@tanstack/react-query';
import { useState } from 'react';
import { useSearchParams } from 'react-router';

import { useCall } from '../api/call';
import { openai } from '../api/client';
import { Empty, Failed, Surface, Waiting } from '../app/parts';
import { t } from '../i18n/text';
import { EngineWait } from './Engine';
import classes from './models.module.css';

const MAX_TEXTS = 12;
const EXAMPLES = ['embedParcel', 'embedTrack', 'embedEggs'] as const;

interface Embedded {
  data: { embedding: number[] }[];
  usage: { total_tokens: number };
}

interface Compared {
  texts: string[];
  cosines: number[][];
  dimensions: number;
  tokens: number;
}

export function Embeddings() {
  const models = useCall('listModels', {});
  const [search] = useSearchParams();
  const [picked, setPicked] = useState(search.get('model') ?? '');
  const [texts, setTexts] = useState<string[]>(() => EXAMPLES.map((key) => t(key)));
  const names = (models.data?.items ?? []).filter((model) => model.task === 'embed').map((model) => model.id);
  const model = names.includes(picked) ? picked : names[0];
  const compare = useMutation({ mutationFn: () => compareTexts(model ?? '', texts.filter((text) => text.trim() !== '')) });
  if (models.isPending) return <Waiting />;
  if (models.isError) return <Failed error={models.error} retry={() => void models.refetch()} />;
  if (model === undefined) {
    return (
      <Empty icon={<IconStack2 size={28} />} title={t('noEmbeddingModelHere')}>
        {t('pullOneUnderAll')}
      </Empty>
    );
  }
  const change = (index: number, text: string) => setTexts(texts.map((old, place) => (place === index ? text : old)));
  const isReady = texts.filter((text) => text.trim() !== '').length >= 2;
  return (
    <SimpleGrid cols={{ base: 1, md: 2 }} spacing="md">
      <Surface title={t('texts')}>
        <Stack gap="sm">
          <Select label={t('model')} data={names} value={model} onChange={(name) => name && setPicked(name)} allowDeselect={false} />
          {texts.map((text, index) => (
            <Group key={index} gap="xs" wrap="nowrap" align="flex-start">
              <Box className={classes.number} aria-hidden>
                {index + 1}
              </Box>
              <Textarea aria-label={t('textNumber', { number: index + 1 })} autosize minRows={1} maxRows={6} value={text} onChange={(event) => change(index, event.currentTarget.value)} style={{ flex: 1 }} />
              <Tooltip label={t('takeItAway')}>
                <ActionIcon variant="subtle" color="gray" mt={4} disabled={texts.length <= 2} onClick={() => setTexts(texts.filter((_, place) => place !== index))} aria-label={t('takeTextAway', { number: index + 1 })}>
                  <IconTrash size={16} />
                </ActionIcon>
              </Tooltip>
            </Group>
          ))}
          <Group justify="space-between">
            <Button variant="default" leftSection={<IconPlus size={16} />} disabled={texts.length >= MAX_TEXTS} onClick={() => setTexts([...texts, ''])}>
              {t('addAText')}
            </Button>
            <Button onClick={() => compare.mutate()} loading={compare.isPending} disabled={!isReady}>
              {t('compare')}
            </Button>
          </Group>
        </Stack>
      </Surface>
      <Surface title={t('howAlikeTheyAre')}>
        {compare.isPending && <EngineWait />}
        {compare.isError && <Failed error={compare.error} retry={() => compare.mutate()} />}
        {compare.isIdle && (
          <Empty icon={<IconStack2 size={28} />} title={t('nothingComparedYet')}>
            {t('eachTextBecomesA')}
          </Empty>
        )}
        {compare.data && !compare.isPending && <Matrix compared={compare.data} />}
      </Surface>
    </SimpleGrid>
  );
}

function Matrix({ compared }: { compared: Compared }) {
  const { texts, cosines } = compared;
  return (
    <Stack gap="sm">
      <Box style={{ overflowX: 'auto' }}>
        <table className={classes.matrix} aria-label={t('cosineOfEveryPair')}>
          <thead>
            <tr>
              <td />
              {texts.map((text, column) => (
                <th key={column} scope="col" title={text}>
                  {column + 1}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {texts.map((text, row) => (
              <tr key={row}>
                <th scope="row" title={text}>
                  <span className={classes.rowText}>
                    <b>{row + 1}</b> {text}
                  </span>
                </th>
                {texts.map((other, column) => (
                  <Cell key={column} value={cosines[row]![column]!} label={`${text} — ${other}`} />
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </Box>
      <Text size="sm">{closestPair(compared)}</Text>
      <Text size="xs" c="dimmed">
        {t('embeddingFacts', { dimensions: compared.dimensions, tokens: compared.tokens })}
      </Text>
    </Stack>
  );
}

function Cell({ value, label }: { value: number; label: string }) {
  const strength = Math.round(Math.max(0, Math.min(1, value)) * 100);
  return (
    <td
      title={`${label}: ${value.toFixed(4)}`}
      style={{ background: `color-mix(in srgb, var(--mantine-primary-color-filled) ${strength}%, transparent)` }}
      className={strength > 55 ? classes.strong : undefined}
    >
      {value.toFixed(2)}
    </td>
  );
}

function closestPair({ texts, cosines }: Compared): string {
  let best = { row: 0, column: 1, value: -2 };
  for (let row = 0; row < texts.length; row += 1) {
    for (let column = row + 1; column < texts.length; column += 1) {
      const value = cosines[row]![column]!;
      if (value > best.value) best = { row, column, value };
    }
  }
  return t('closestPair', { first: best.row + 1, text: texts[best.row]!, second: best.column + 1, other: texts[best.column]!, number: best.value.toFixed(2) });
}

async function compareTexts(model: string, texts: string[]): Promise<Compared> {
  const answer = await openai.post<Embedded>('/embeddings', { model, input: texts, encoding_format: 'float' });
  const vectors = answer.data.map((item) => item.embedding);
  return {
    texts,
    cosines: vectors.map((left) => vectors.map((right) => cosine(left, right))),
    dimensions: vectors[0]?.length ?? 0,
    tokens: answer.usage.total_tokens,
  };
}

function cosine(left: number[], right: number[]): number {
  let product = 0;
  let leftSquare = 0;
  let rightSquare = 0;
  for (let index = 0; index < left.length; index += 1) {
    product += left[index]! * right[index]!;
    leftSquare += left[index]! ** 2;
    rightSquare += right[index]! ** 2;
  }
  return product / (Math.sqrt(leftSquare * rightSquare) || 1);
}
