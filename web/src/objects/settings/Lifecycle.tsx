// Lifecycle rules: what is deleted or moved to a cheaper class, and when; drawn as a line of days.
import { ActionIcon, Group, NumberInput, Select, Stack, Text, TextInput } from '@mantine/core';
import { useForm } from '@mantine/form';
import { IconTrash } from '@tabler/icons-react';

import { useAws, useAwsChange } from '../../api/aws';
import { t } from '../../i18n/text';
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
  const change = useAwsChange({ done: t('lifecycleRulesAreChanged') });
  const rules = data?.Rules ?? [];
  const save = (next: Rule[], after?: () => void) => {
    const operation = next.length > 0 ? 'PutBucketLifecycleConfiguration' : 'DeleteBucketLifecycle';
    const input = next.length > 0 ? { Bucket: bucket, LifecycleConfiguration: { Rules: next } } : { Bucket: bucket };
    change.mutate({ service: 's3', operation, input }, { onSuccess: after });
  };
  return (
    <Setting
      title={t('lifecycle')}
      about={t('deletesObjectsOldVersions')}
      state={{ text: rules.length === 0 ? t('noRule') : t('rulesCount', { count: rules.length }), color: rules.length > 0 ? 'green' : 'gray' }}
      error={error}
      action={
        <FormButton label={t('addRule')} title={t('lifecycleRule')}>
          {(close) => <RuleForm taken={rules.map((rule) => rule.ID ?? '')} busy={change.isPending} close={close} save={(rule) => save([...rules, rule], close)} />}
        </FormButton>
      }
    >
      {rules.map((rule, index) => (
        <Group key={rule.ID ?? index} className="well" p="xs" justify="space-between" wrap="nowrap" data-rule={rule.ID}>
          <div>
            <Text size="sm" fw={600}>
              {rule.ID || t('rule')}{' '}
              <Text span size="xs" c="dimmed">
                {prefixOf(rule) ? t('forPrefix', { prefix: prefixOf(rule) }) : t('forEveryObject')}
                {rule.Status === 'Enabled' ? '' : t('ruleOff')}
              </Text>
            </Text>
            <Text size="sm">{steps(rule).join(t('comma')) || t('doesNothing')}</Text>
          </div>
          <ActionIcon variant="subtle" color="red" aria-label={t('deleteRule', { id: rule.ID ?? index + 1 })} onClick={() => save(rules.filter((other) => other !== rule))}>
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
  for (const move of rule.Transitions ?? []) said.push(t('ruleMoves', { storageClass: move.StorageClass, days: move.Days ?? 0 }));
  if (rule.Expiration?.Days) said.push(t('ruleDeletes', { days: rule.Expiration.Days }));
  if (rule.Expiration?.Date) said.push(t('ruleDeletesOn', { date: rule.Expiration.Date.slice(0, 10) }));
  if (rule.Expiration?.ExpiredObjectDeleteMarker) said.push(t('loneDeleteMarkersRemoved'));
  for (const move of rule.NoncurrentVersionTransitions ?? []) said.push(t('ruleMovesOld', { storageClass: move.StorageClass, days: move.NoncurrentDays ?? 0 }));
  if (rule.NoncurrentVersionExpiration?.NoncurrentDays) {
    const kept = rule.NoncurrentVersionExpiration.NewerNoncurrentVersions;
    said.push(t('ruleDeletesOld', { days: rule.NoncurrentVersionExpiration.NoncurrentDays, kept: kept ? t('ruleKeeps', { kept }) : '' }));
  }
  if (rule.AbortIncompleteMultipartUpload?.DaysAfterInitiation) said.push(t('ruleAborts', { days: rule.AbortIncompleteMultipartUpload.DaysAfterInitiation }));
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
      id: (id) => (id.trim() === '' ? t('giveTheRuleA') : taken.includes(id.trim()) ? t('thereIsARule') : null),
      expire: (_, values) => (values.expire === '' && values.move === '' && values.old === '' && values.abort === '' ? t('giveAtLeastOne') : null),
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
        <TextInput label={t('name')} placeholder="old-reports" data-autofocus autoComplete="off" {...form.getInputProps('id')} />
        <TextInput label={t('namesThatBeginWith')} description={t('emptyMeansEveryObject')} placeholder="reports/" autoComplete="off" {...form.getInputProps('prefix')} />
        <NumberInput label={t('deleteAfterDays')} min={1} {...form.getInputProps('expire')} />
        <Group grow align="flex-end">
          <NumberInput label={t('moveAfterDays')} min={0} {...form.getInputProps('move')} />
          <Select label={t('toStorageClass')} data={CLASSES} allowDeselect={false} {...form.getInputProps('to')} />
        </Group>
        <NumberInput label={t('deleteOldVersionsAfter')} min={1} {...form.getInputProps('old')} />
        <NumberInput label={t('removeBrokenOffUploads')} min={1} {...form.getInputProps('abort')} />
        <FormEnd close={close} busy={busy} yes={t('add')} />
      </Stack>
    </form>
  );
}
