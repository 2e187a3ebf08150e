// Making or changing an assistant.
import { Button, Group, Modal, MultiSelect, Select, Stack, Switch, TagsInput, Textarea, TextInput } from '@mantine/core';
import { useForm } from '@mantine/form';

import { useCall, useChange } from '../api/call';
import type { AssistantView } from '../api/schema';
import { t } from '../i18n/text';
import type { Template } from './Templates';

interface Props {
  known: AssistantView | null;
  template: Template | null; // what a new one begins with
  onClose: () => void;
}

export function AssistantDialog({ known, template, onClose }: Props) {
  const home = useCall('getChatHome', {});
  const models = useCall('listModels', {});
  const form = useForm({
    initialValues: {
      name: known?.name ?? template?.name ?? '',
      title: known?.title ?? template?.title ?? '',
      instructions: known?.instructions ?? template?.instructions ?? '',
      model: known?.model ?? '',
      knowledge: known?.knowledge ?? [],
      tools: known?.tools ?? template?.tools ?? [],
      audience: known?.audience ?? [],
      enabled: known?.enabled ?? true,
    },
    validate: {
      name: (value) => (/^[a-z0-9][a-z0-9._-]*$/.test(value) ? null : t('nameRule')),
      title: (value) => (value.trim() ? null : t('titleRule')),
    },
  });
  const done = known ? t('assistantChanged') : t('assistantMade');
  const create = useChange('createAssistant', { reads: ['listAssistants'], done });
  const update = useChange('updateAssistant', { reads: ['listAssistants'], done });
  const save = (values: typeof form.values) => {
    const after = { onSuccess: onClose };
    if (known) update.mutate({ ...values, id: known.id }, after);
    else create.mutate(values, after);
  };
  const channels = (home.data?.channels ?? [])
    .map((item) => item.channel as { id: string; name?: string })
    .filter((channel) => channel.name)
    .map((channel) => ({ value: channel.id, label: `#${channel.name}` }));
  const unknown = form.values.knowledge.filter((item) => !channels.some((channel) => channel.value === item));
  const people = (home.data?.users ?? [])
    .map((item) => item as { id: string; name: string; real_name?: string; is_bot?: boolean })
    .filter((user) => !user.is_bot)
    .map((user) => ({ value: user.id, label: user.real_name || user.name }));
  const generators = (models.data?.items ?? []).filter((model) => model.task === 'generate').map((model) => model.id);
  return (
    <Modal opened onClose={onClose} title={known ? t('editNamed', { name: known.title }) : t('makeAssistant')} size="lg">
      <form onSubmit={form.onSubmit(save)}>
        <Stack>
          <Group grow align="flex-start">
            <TextInput label={t('name')} description={t('assistantNameAbout')} required disabled={known !== null} {...form.getInputProps('name')} />
            <TextInput label={t('displayName')} description={t('titleAbout')} required {...form.getInputProps('title')} />
          </Group>
          <Textarea
            label={t('instructions')}
            description={t('instructionsAbout')}
            autosize
            minRows={3}
            maxRows={10}
            {...form.getInputProps('instructions')}
          />
          <MultiSelect
            label={t('knownChannels')}
            description={t('knownChannelsAbout')}
            data={channels}
            searchable
            value={form.values.knowledge.filter((item) => !unknown.includes(item))}
            onChange={(value) => form.setFieldValue('knowledge', [...value, ...unknown])}
            error={form.errors.knowledge}
          />
          <TagsInput
            label={t('knownFolders')}
            description={template?.knowledge_hint}
            placeholder="s3://bucket/prefix"
            value={unknown}
            onChange={(value) => form.setFieldValue('knowledge', [...form.values.knowledge.filter((item) => !unknown.includes(item)), ...value])}
          />
          <TagsInput
            label={t('allowedActions')}
            description={t('allowedActionsAbout')}
            {...form.getInputProps('tools')}
          />
          <MultiSelect label={t('whoMayUse')} description={t('whoMayUseAbout')} data={people} searchable {...form.getInputProps('audience')} />
          <Select
            label={t('model')}
            description={t('modelAbout')}
            data={generators}
            clearable
            value={form.values.model || null}
            onChange={(value) => form.setFieldValue('model', value ?? '')}
          />
          <Switch label={t('switchedOn')} {...form.getInputProps('enabled', { type: 'checkbox' })} />
          <Group justify="flex-end">
            <Button variant="default" onClick={onClose}>
              {t('cancel')}
            </Button>
            <Button type="submit" loading={create.isPending || update.isPending}>
              {t(known ? 'save' : 'makeIt')}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}
