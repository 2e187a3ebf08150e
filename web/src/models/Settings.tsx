// What is sent with each question.
import { NumberInput, Select, Slider, Stack, Switch, TagsInput, Text, Textarea, Box, Group } from '@mantine/core';

import type { ModelObject } from '../api/schema';
import { t } from '../i18n/text';
import { isJson, type Parameters } from './conversation';

const MAX_STOPS = 4;
const MAX_CHOICES = 4;

interface SettingsProps {
  value: Parameters;
  models: ModelObject[];
  onChange: (part: Partial<Parameters>) => void;
  second: string;
  compareWith: (model: string) => void;
}

const MANY = 6;

export function Settings({ value, models, onChange, second, compareWith }: SettingsProps) {
  const names = models.map((model) => model.id);
  return (
    <Stack gap="md">
      <Select label={t('model')} data={names} value={value.model} onChange={(model) => model && onChange({ model })} allowDeselect={false} searchable={names.length > MANY} />
      <Select label={t('besideIt')} placeholder={t('noOtherModel')} data={names} value={second || null} onChange={(model) => compareWith(model ?? '')} clearable searchable={names.length > MANY} />
      <Textarea
        label={t('systemPrompt')}
        placeholder={t('youAreAHelpful')}
        autosize
        minRows={2}
        maxRows={8}
        value={value.system}
        onChange={(event) => onChange({ system: event.currentTarget.value })}
      />
      <Dial label={t('temperature')} hint={t('n0AlwaysTakesThe')} max={2} step={0.1} value={value.temperature} onChange={(temperature) => onChange({ temperature })} />
      <Dial label={t('topP')} hint={t('onlyTokensOfThis')} max={1} step={0.05} value={value.topP} onChange={(topP) => onChange({ topP })} />
      <Group grow>
        <NumberInput label={t('maxTokens')} min={1} max={32_768} value={value.maxTokens} onChange={(given) => typeof given === 'number' && onChange({ maxTokens: given })} />
        <NumberInput label={t('seed')} placeholder={t('random')} value={value.seed} onChange={(given) => onChange({ seed: typeof given === 'number' ? given : '' })} />
      </Group>
      <TagsInput label={t('stopAt')} placeholder={value.stop.length === 0 ? t('textThenEnter') : ''} maxTags={MAX_STOPS} value={value.stop} onChange={(stop) => onChange({ stop })} />
      <NumberInput label={t('answersCount')} min={1} max={MAX_CHOICES} value={value.choices} onChange={(given) => typeof given === 'number' && onChange({ choices: given })} />
      <JsonField label={t('tools')} placeholder='[{"type": "function", "function": {"name": "…"}}]' value={value.tools} onChange={(tools) => onChange({ tools })} />
      <JsonField label={t('answersJsonSchema')} placeholder='{"type": "object", "properties": {}}' value={value.schema} onChange={(schema) => onChange({ schema })} />
      <Switch label={t('colourTokensByProbability')} checked={value.logprobs} onChange={(event) => onChange({ logprobs: event.currentTarget.checked })} />
    </Stack>
  );
}

function JsonField({ label, placeholder, value, onChange }: { label: string; placeholder: string; value: string; onChange: (value: string) => void }) {
  const error = value !== '' && !isJson(value) ? t('thisIsNoJson') : undefined;
  return (
    <Textarea
      label={label}
      placeholder={placeholder}
      autosize
      minRows={1}
      maxRows={8}
      value={value}
      error={error}
      onChange={(event) => onChange(event.currentTarget.value)}
      classNames={{ input: 'mono' }}
    />
  );
}

interface DialProps {
  label: string;
  hint: string;
  max: number;
  step: number;
  value: number;
  onChange: (value: number) => void;
}

function Dial({ label, hint, max, step, value, onChange }: DialProps) {
  return (
    <Box>
      <Group justify="space-between">
        <Text size="sm" fw={500}>
          {label}
        </Text>
        <Text size="sm" className="mono">
          {value}
        </Text>
      </Group>
      <Slider min={0} max={max} step={step} value={value} onChange={(given) => onChange(Math.round(given * 100) / 100)} label={null} thumbLabel={label} size="sm" />
      <Text size="xs" c="dimmed" mt={4}>
        {hint}
      </Text>
    </Box>
  );
}
