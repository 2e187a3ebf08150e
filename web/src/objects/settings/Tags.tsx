// Tags of the bucket, which the bill and policies can tell it by.
import { ActionIcon, Button, Group, Stack, TextInput } from '@mantine/core';
import { useForm } from '@mantine/form';
import { IconPlus, IconTrash } from '@tabler/icons-react';

import { useAws, useAwsChange } from '../../api/aws';
import { t } from '../../i18n/text';
import { FormButton, FormEnd, Setting } from './Setting';

interface Tag {
  Key: string;
  Value: string;
}

export function Tags({ bucket }: { bucket: string }) {
  const { data, error } = useAws<{ TagSet: Tag[] }>('s3', 'GetBucketTagging', { Bucket: bucket });
  const tags = data?.TagSet ?? [];
  return (
    <Setting
      title={t('tags')}
      about={t('pairsOfAKey')}
      state={{ text: tags.length === 0 ? t('noneCapital') : tags.map((tag) => `${tag.Key}: ${tag.Value}`).join(', '), color: 'gray' }}
      error={error}
      action={
        <FormButton label={t('change')} title={t('tags')}>
          {(close) => <TagForm bucket={bucket} tags={tags} close={close} />}
        </FormButton>
      }
    />
  );
}

function TagForm({ bucket, tags, close }: { bucket: string; tags: Tag[]; close: () => void }) {
  const change = useAwsChange({ done: t('tagsAreSet') });
  const form = useForm({
    initialValues: { tags: tags.length > 0 ? tags : [{ Key: '', Value: '' }] },
    validate: { tags: { Key: (key, values) => (values.tags.filter((tag) => tag.Key === key).length > 1 ? t('tagTwice') : null) } },
  });
  const submit = form.onSubmit((values) => {
    const TagSet = values.tags.filter((tag) => tag.Key !== '');
    const operation = TagSet.length > 0 ? 'PutBucketTagging' : 'DeleteBucketTagging';
    const input = TagSet.length > 0 ? { Bucket: bucket, Tagging: { TagSet } } : { Bucket: bucket };
    change.mutate({ service: 's3', operation, input }, { onSuccess: close });
  });
  return (
    <form onSubmit={submit}>
      <Stack>
        {form.values.tags.map((_, index) => (
          <Group key={index} wrap="nowrap" align="flex-end">
            <TextInput label={index === 0 ? t('tagKey') : undefined} aria-label={t('tagKey')} style={{ flex: 1 }} {...form.getInputProps(`tags.${index}.Key`)} />
            <TextInput label={index === 0 ? t('tagValue') : undefined} aria-label={t('tagValue')} style={{ flex: 1 }} {...form.getInputProps(`tags.${index}.Value`)} />
            <ActionIcon variant="subtle" color="red" mb={4} aria-label={t('removeTag')} onClick={() => form.removeListItem('tags', index)}>
              <IconTrash size={16} />
            </ActionIcon>
          </Group>
        ))}
        <Button variant="subtle" size="xs" leftSection={<IconPlus size={14} />} onClick={() => form.insertListItem('tags', { Key: '', Value: '' })} style={{ alignSelf: 'flex-start' }}>
          {t('anotherTag')}
        </Button>
        <FormEnd close={close} busy={change.isPending} />
      </Stack>
    </form>
  );
}
