// Lifecycle rules: what is deleted or moved to a cheaper class, and when; drawn as a line of days.
import { ActionIcon, Group, NumberInput, Select, Stack, Text, TextInput } from '@mantine/core';
import { useForm } from '@mantine/form';
import { IconTrash } from '@tabler/icons-react';

import { useAws, useAwsChange } from '../../api/aws';
import { FormButton, FormEnd, Setting } from './Setting';

interface Rule {
  ID?: string;
  Status: string;
  Prefix?: string;
  Filter?: { Prefix?: string; And?: { Prefix?: string } };
  Expiration?: { Days?: number; Date?: string; ExpiredObjectDeleteMarker?: boolean };
  Transitions?: { Days?: number; Date?: string; StorageClass: string }[];
  NoncurrentVersionExpiration?: { NoncurrentDays?: number; NewerNoncurrentVersions?: number };
  NoncurrentVersionTransitions?: { NoncurrentDays?: number; StorageClass: string }[];
  AbortIncompleteMultipartUpload?: { DaysAfterInitiation?: number };
}

export function Lifecycle({ bucket }: { bucket: string }) {
  const { data, error } = useAws<{ Rules: Rule[] }>('s3', 'GetBucketLifecycleConfiguration', { Bucket: bucket });
  const change = useAwsChange({ done: 'Lifecycle rules are changed' });
  const rules = data?.Rules ?? [];
  const save = (next: Rule[], after?: () => void) => {
    const operation = next.length > 0 ? 'PutBucketLifecycleConfiguration' : 'DeleteBucketLifecycle';
    const input = next.length > 0 ? { Bucket: bucket, LifecycleConfiguration: { Rules: next } } : { Bucket: bucket };
    change.mutate({ service: 's3', operation, input }, { onSuccess: after });
  };
  return (
    <Setting
      title="Lifecycle"
      about="Deletes objects, old versions and broken-off uploads after a number of days, or moves them to a cheaper storage class. Rules run every few hours, and never remove what is locked."
      state={{ text: rules.length === 0 ? 'No rule' : `${rules.length} ${rules.length === 1 ? 'rule' : 'rules'}`, color: rules.length > 0 ? 'green' : 'gray' }}
      error={error}
      action={
        <FormButton label="Add rule" title="Lifecycle rule">
          {(close) => <RuleForm taken={rules.map((rule) => rule.ID ?? '')} busy={change.isPending} close={close} save={(rule) => save([...rules, rule], close)} />}
        </FormButton>
      }
    >
      {rules.map((rule, index) => (
        <Group key={rule.ID ?? index} className="well" p="xs" justify="space-between" wrap="nowrap" data-rule={rule.ID}>
          <div>
            <Text size="sm" fw={600}>
              {rule.ID || 'Rule'}{' '}
              <Text span size="xs" c="dimmed">
                {prefixOf(rule) ? `for names that begin with ${prefixOf(rule)}` : 'for every object'}
                {rule.Status === 'Enabled' ? '' : ' (off)'}
              </Text>
            </Text>
            <Text size="sm">{steps(rule).join(', ') || 'does nothing'}</Text>
          </div>
          <ActionIcon variant="subtle" color="red" aria-label={`Delete rule ${rule.ID ?? index + 1}`} onClick={() => save(rules.filter((other) => other !== rule))}>
            <IconTrash size={16} />
          </ActionIcon>
        </Group>
      ))}
    </Setting>
  );
}

function prefixOf(rule: Rule): string {
  return rule.Filter?.Prefix ?? rule.Filter?.And?.Prefix ?? rule.Prefix ?? '';
}

function steps(rule: Rule): string[] {
  const said: string[] = [];
  for (const move of rule.Transitions ?? []) said.push(`to ${move.StorageClass} after ${move.Days ?? 0} days`);
  if (rule.Expiration?.Days) said.push(`deleted after ${rule.Expiration.Days} days`);
  if (rule.Expiration?.Date) said.push(`deleted on ${rule.Expiration.Date.slice(0, 10)}`);
  if (rule.Expiration?.ExpiredObjectDeleteMarker) said.push('lone delete markers removed');
  for (const move of rule.NoncurrentVersionTransitions ?? []) said.push(`old versions to ${move.StorageClass} after ${move.NoncurrentDays ?? 0} days`);
  if (rule.NoncurrentVersionExpiration?.NoncurrentDays) {
    const kept = rule.NoncurrentVersionExpiration.NewerNoncurrentVersions;
    said.push(`old versions deleted after ${rule.NoncurrentVersionExpiration.NoncurrentDays} days${kept ? ` but ${kept} kept` : ''}`);
  }
  if (rule.AbortIncompleteMultipartUpload?.DaysAfterInitiation) said.push(`broken-off uploads removed after ${rule.AbortIncompleteMultipartUpload.DaysAfterInitiation} days`);
  return said;
}

interface RuleFormProps {
  taken: string[];
  busy: boolean;
  close: () => void;
  save: (rule: Rule) => void;
}

const CLASSES = ['STANDARD_IA', 'ONEZONE_IA', 'GLACIER_IR', 'GLACIER', 'DEEP_ARCHIVE'];

function RuleForm({ taken, busy, close, save }: RuleFormProps) {
  const form = useForm({
    initialValues: { id: '', prefix: '', expire: '' as number | '', move: '' as number | '', to: 'ONEZONE_IA', old: '' as number | '', abort: 7 as number | '' },
    validate: {
      id: (id) => (id.trim() === '' ? 'Give the rule a name.' : taken.includes(id.trim()) ? 'There is a rule of that name.' : null),
      expire: (_, values) => (values.expire === '' && values.move === '' && values.old === '' && values.abort === '' ? 'Give at least one number of days.' : null),
    },
  });
  const submit = form.onSubmit((values) =>
    save({
      ID: values.id.trim(),
      Status: 'Enabled',
      Filter: { Prefix: values.prefix },
      ...(values.expire === '' ? {} : { Expiration: { Days: values.expire } }),
      ...(values.move === '' ? {} : { Transitions: [{ Days: values.move, StorageClass: values.to }] }),
      ...(values.old === '' ? {} : { NoncurrentVersionExpiration: { NoncurrentDays: values.old } }),
      ...(values.abort === '' ? {} : { AbortIncompleteMultipartUpload: { DaysAfterInitiation: values.abort } }),
    }),
  );
  return (
    <form onSubmit={submit}>
      <Stack>
        <TextInput label="Name" placeholder="old-reports" data-autofocus autoComplete="off" {...form.getInputProps('id')} />
        <TextInput label="Names that begin with" description="Empty means every object." placeholder="reports/" autoComplete="off" {...form.getInputProps('prefix')} />
        <NumberInput label="Delete after days" min={1} {...form.getInputProps('expire')} />
        <Group grow align="flex-end">
          <NumberInput label="Move after days" min={0} {...form.getInputProps('move')} />
          <Select label="to storage class" data={CLASSES} allowDeselect={false} {...form.getInputProps('to')} />
        </Group>
        <NumberInput label="Delete old versions after days" min={1} {...form.getInputProps('old')} />
        <NumberInput label="Remove broken-off uploads after days" min={1} {...form.getInputProps('abort')} />
        <FormEnd close={close} busy={busy} yes="Add" />
      </Stack>
    </form>
  );
}
