// Ask for a model from the hub, a mirror, a bucket or a folder.
import { Button, Group, Modal, Stack, Text, TextInput, UnstyledButton, Badge } from '@mantine/core';
import { useForm } from '@mantine/form';

import { useChange } from '../api/call';
import { t } from '../i18n/text';

const SUGGESTED = ['Qwen/Qwen3-0.6B', 'Qwen/Qwen3-1.7B', 'Qwen/Qwen3-4B'];

// Open with a name filled in, '' for none; closed when it is null.
export function PullDialog({ name, onClose }: { name: string | null; onClose: () => void }) {
  return (
    <Modal opened={name !== null} onClose={onClose} title={t('pullAModel')}>
      <PullForm name={name ?? ''} onClose={onClose} />
    </Modal>
  );
}

function PullForm({ name: given, onClose }: { name: string; onClose: () => void }) {
  const form = useForm({
    initialValues: { name: given, source: '' },
    validate: { name: (name) => (name.trim() === '' ? t('sayWhichModel') : null) },
  });
  const pull = useChange('pullModel', { reads: ['listJobs'] });
  const submit = form.onSubmit(({ name, source }) => pull.mutate({ name: name.trim(), source: source.trim() }, { onSuccess: onClose }));
  return (
    <form onSubmit={submit}>
      <Stack>
        <TextInput label={t('name')} placeholder="Qwen/Qwen3-0.6B" description={t('asOnTheHub')} data-autofocus required {...form.getInputProps('name')} />
        <Group gap={6}>
          {SUGGESTED.map((name) => (
            <UnstyledButton key={name} onClick={() => form.setFieldValue('name', name)}>
              <Badge variant="light" tt="none" style={{ cursor: 'pointer' }}>
                {name}
              </Badge>
            </UnstyledButton>
          ))}
        </Group>
        <TextInput
          label={t('source')}
          placeholder={t('theHubOrThe')}
          description={t('aMirrorsUrlS3')}
          {...form.getInputProps('source')}
        />
        <Text size="xs" c="dimmed">
          {t('filesAreCheckedAgainst')}
        </Text>
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose}>
            {t('cancel')}
          </Button>
          <Button type="submit" loading={pull.isPending}>
            {t('pull')}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
