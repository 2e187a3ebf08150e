// What is told when objects come and go: to queues and topics.
import { ActionIcon, Group, MultiSelect, Stack, Text, TextInput } from '@mantine/core';
import { useForm } from '@mantine/form';
import { IconTrash } from '@tabler/icons-react';

import { useAws, useAwsChange, type Json } from '../../api/aws';
import { t } from '../../i18n/text';
import { FormButton, FormEnd, Setting } from './Setting';

interface Target extends Json {
  Id?: string;
  Events: string[];
  QueueArn?: string;
  TopicArn?: string;
  LambdaFunctionArn?: string;
  Filter?: { Key?: { FilterRules: { Name: string; Value: string }[] } };
}

interface Configuration {
  QueueConfigurations?: Target[];
  TopicConfigurations?: Target[];
  LambdaFunctionConfigurations?: Target[];
}

const KINDS = ['QueueConfigurations', 'TopicConfigurations', 'LambdaFunctionConfigurations'] as const;
const EVENTS = [
  's3:ObjectCreated:*',
  's3:ObjectCreated:Put',
  's3:ObjectCreated:Copy',
  's3:ObjectCreated:CompleteMultipartUpload',
  's3:ObjectRemoved:*',
  's3:ObjectRemoved:Delete',
  's3:ObjectRemoved:DeleteMarkerCreated',
  's3:LifecycleExpiration:*',
];

export function Events({ bucket }: { bucket: string }) {
  const { data, error } = useAws<Configuration>('s3', 'GetBucketNotificationConfiguration', { Bucket: bucket });
  const change = useAwsChange({ done: t('notificationsAreChanged') });
  const all = KINDS.flatMap((kind) => (data?.[kind] ?? []).map((target) => ({ kind, target })));
  const save = (next: Configuration, after?: () => void) =>
    change.mutate({ service: 's3', operation: 'PutBucketNotificationConfiguration', input: { Bucket: bucket, NotificationConfiguration: next } }, { onSuccess: after });
  const remove = (gone: Target) => save(Object.fromEntries(KINDS.map((kind) => [kind, (data?.[kind] ?? []).filter((target) => target !== gone)])));
  const add = (target: Target, after: () => void) => {
    const kind = target.QueueArn ? 'QueueConfigurations' : 'TopicConfigurations';
    save({ ...data, [kind]: [...(data?.[kind] ?? []), target] }, after);
  };
  return (
    <Setting
      title={t('bucketNotifications')}
      about={t('aMessageToA')}
      state={{ text: all.length === 0 ? t('noneCapital') : `${all.length}`, color: all.length > 0 ? 'green' : 'gray' }}
      error={error}
      action={
        <FormButton label={t('add')} title={t('bucketNotification')}>
          {(close) => <EventForm busy={change.isPending} close={close} save={(target) => add(target, close)} />}
        </FormButton>
      }
    >
      {all.map(({ target }, index) => (
        <Group key={target.Id ?? index} className="well" p="xs" justify="space-between" wrap="nowrap">
          <div>
            <Text size="sm" fw={600} className="wrap-anywhere">
              {target.QueueArn ?? target.TopicArn ?? target.LambdaFunctionArn}
            </Text>
            <Text size="sm">
              {target.Events.join(', ')}
              {(target.Filter?.Key?.FilterRules ?? []).map((rule) => `, ${rule.Name.toLowerCase()} ${rule.Value}`).join('')}
            </Text>
          </div>
          <ActionIcon variant="subtle" color="red" aria-label={t('deleteNotification', { id: target.Id ?? index + 1 })} onClick={() => remove(target)}>
            <IconTrash size={16} />
          </ActionIcon>
        </Group>
      ))}
    </Setting>
  );
}

function EventForm({ busy, close, save }: { busy: boolean; close: () => void; save: (target: Target) => void }) {
  const form = useForm({
    initialValues: { arn: '', events: ['s3:ObjectCreated:*'], prefix: '', suffix: '' },
    validate: {
      arn: (arn) => (/^arn:aws[\w-]*:(sqs|sns):/.test(arn.trim()) ? null : t('theArnOfA')),
      events: (events) => (events.length === 0 ? t('chooseAtLeastOne') : null),
    },
  });
  const submit = form.onSubmit(({ arn, events, prefix, suffix }) => {
    const FilterRules = [...(prefix ? [{ Name: 'prefix', Value: prefix }] : []), ...(suffix ? [{ Name: 'suffix', Value: suffix }] : [])];
    const where = arn.includes(':sqs:') ? { QueueArn: arn.trim() } : { TopicArn: arn.trim() };
    save({ ...where, Events: events, ...(FilterRules.length > 0 ? { Filter: { Key: { FilterRules } } } : {}) });
  });
  return (
    <form onSubmit={submit}>
      <Stack>
        <TextInput label={t('queueOrTopic')} placeholder="arn:aws:sqs:…" data-autofocus autoComplete="off" {...form.getInputProps('arn')} />
        <MultiSelect label={t('eventsOfBucket')} data={EVENTS} {...form.getInputProps('events')} />
        <Group grow>
          <TextInput label={t('namesThatBeginWith')} autoComplete="off" {...form.getInputProps('prefix')} />
          <TextInput label={t('andEndWith')} placeholder=".jpg" autoComplete="off" {...form.getInputProps('suffix')} />
        </Group>
        <FormEnd close={close} busy={busy} yes={t('add')} />
      </Stack>
    </form>
  );
}
