// The account's settings of assistants: model, switch of all actions, budget per person.
import { Button, Group, NumberInput, Select, Stack, Switch, Text } from '@mantine/core';
import { useForm } from '@mantine/form';

import { useCall, useChange } from '../api/call';
import type { SettingsView } from '../api/schema';
import { Failed, Surface, Waiting } from '../app/parts';
import { t } from '../i18n/text';

export function SettingsForm() {
  const { data, error, isPending } = useCall('getAssistantSettings', {});
  if (isPending) return <Waiting />;
  if (error !== null) return <Failed error={error} />;
  return <Form known={data} />;
}

function Form({ known }: { known: SettingsView }) {
  const models = useCall('listModels', {});
  const save = useChange('putAssistantSettings', { reads: ['getAssistantSettings'], done: t('settingsSaved') });
  const form = useForm({ initialValues: known });
  const generators = (models.data?.items ?? []).filter((model) => model.task === 'generate').map((model) => model.id);
  return (
    <Surface title={t('forEveryoneHere')}>
      <form onSubmit={form.onSubmit((values) => save.mutate(values))}>
        <Stack maw={520}>
          <Select
            label={t('modelWrites')}
            description={t('modelWritesAbout')}
            placeholder={t('none')}
            data={generators}
            clearable
            value={form.values.model || null}
            onChange={(value) => form.setFieldValue('model', value ?? '')}
          />
          <NumberInput
            label={t('tokensPerDay')}
            min={0}
            max={1_000_000_000}
            thousandSeparator=" "
            {...form.getInputProps('tokens_per_day')}
          />
          <div>
            <Switch label={t('mayAct')} {...form.getInputProps('may_act', { type: 'checkbox' })} />
            <Text size="xs" c="dimmed" mt={4}>
              {t('mayActAbout')}
            </Text>
          </div>
          <Group>
            <Button type="submit" loading={save.isPending}>
              {t('save')}
            </Button>
          </Group>
        </Stack>
      </form>
    </Surface>
  );
}
