// Who from outside may reach the bucket: public access, CORS.
import { ActionIcon, Group, MultiSelect, NumberInput, Stack, Switch, TagsInput, Text } from '@mantine/core';
import { useForm } from '@mantine/form';
import { IconTrash } from '@tabler/icons-react';

import { useAws, useAwsChange } from '../../api/aws';
import { useConfirm } from '../../app/confirm';
import { t } from '../../i18n/text';
import { FormButton, FormEnd, Setting } from './Setting';

const SWITCHES = [
  ['BlockPublicAcls', 'blockPublicAcls'],
  ['IgnorePublicAcls', 'ignorePublicAcls'],
  ['BlockPublicPolicy', 'blockPublicPolicy'],
  ['RestrictPublicBuckets', 'restrictPublicBuckets'],
] as const;

type Block = Record<(typeof SWITCHES)[number][0], boolean>;

export function PublicAccess({ bucket }: { bucket: string }) {
  const { data, error } = useAws<{ PublicAccessBlockConfiguration: Block }>('s3', 'GetPublicAccessBlock', { Bucket: bucket });
  const status = useAws<{ PolicyStatus: { IsPublic: boolean } }>('s3', 'GetBucketPolicyStatus', { Bucket: bucket });
  const change = useAwsChange();
  const { ask, dialog } = useConfirm();
  const now = data?.PublicAccessBlockConfiguration;
  const isPublic = status.data?.PolicyStatus.IsPublic ?? false;
  const all = SWITCHES.every(([name]) => now?.[name]);
  const put = async (name: string, on: boolean) => {
    if (!on && !(await ask({ title: t('allowPublicAccess'), text: t('publicWarning', { bucket }), yes: t('allowIt') }))) return;
    const next = Object.fromEntries(SWITCHES.map(([key]) => [key, key === name ? on : (now?.[key] ?? false)]));
    change.mutate({ service: 's3', operation: 'PutPublicAccessBlock', input: { Bucket: bucket, PublicAccessBlockConfiguration: next } });
  };
  return (
    <Setting
      title={t('publicAccess')}
      about={t('fourSwitchesThatWin')}
      state={isPublic ? { text: t('publicState'), color: 'red' } : { text: all ? t('blockedState') : t('notPublic'), color: all ? 'green' : 'gray' }}
      error={error}
    >
      {dialog}
      {SWITCHES.map(([name, label]) => (
        <Switch key={name} size="sm" label={t(label)} checked={now?.[name] ?? false} disabled={change.isPending} onChange={(event) => void put(name, event.currentTarget.checked)} />
      ))}
    </Setting>
  );
}

interface CorsRule {
  AllowedOrigins: string[];
  AllowedMethods: string[];
  AllowedHeaders?: string[];
  ExposeHeaders?: string[];
  MaxAgeSeconds?: number;
}

export function Cors({ bucket }: { bucket: string }) {
  const { data, error } = useAws<{ CORSRules: CorsRule[] }>('s3', 'GetBucketCors', { Bucket: bucket });
  const change = useAwsChange({ done: t('corsRulesAreChanged') });
  const rules = data?.CORSRules ?? [];
  const save = (next: CorsRule[], after?: () => void) => {
    const operation = next.length > 0 ? 'PutBucketCors' : 'DeleteBucketCors';
    const input = next.length > 0 ? { Bucket: bucket, CORSConfiguration: { CORSRules: next } } : { Bucket: bucket };
    change.mutate({ service: 's3', operation, input }, { onSuccess: after });
  };
  return (
    <Setting
      title={t('webPagesOfOther')}
      about={t('whichWebSitesMay')}
      state={{ text: rules.length === 0 ? t('noneCapital') : t('rulesCount', { count: rules.length }), color: rules.length > 0 ? 'green' : 'gray' }}
      error={error}
      action={
        <FormButton label={t('addRule')} title={t('corsRule')}>
          {(close) => <CorsForm busy={change.isPending} close={close} save={(rule) => save([...rules, rule], close)} />}
        </FormButton>
      }
    >
      {rules.map((rule, index) => (
        <Group key={index} className="well" p="xs" justify="space-between" wrap="nowrap">
          <div>
            <Text size="sm" fw={600} className="wrap-anywhere">
              {rule.AllowedOrigins.join(', ')}
            </Text>
            <Text size="sm">
              {rule.AllowedMethods.join(', ')}
              {rule.AllowedHeaders?.length ? t('corsHeaders', { headers: rule.AllowedHeaders.join(', ') }) : ''}
            </Text>
          </div>
          <ActionIcon variant="subtle" color="red" aria-label={t('deleteRuleFor', { origins: rule.AllowedOrigins.join(', ') })} onClick={() => save(rules.filter((other) => other !== rule))}>
            <IconTrash size={16} />
          </ActionIcon>
        </Group>
      ))}
    </Setting>
  );
}

function CorsForm({ busy, close, save }: { busy: boolean; close: () => void; save: (rule: CorsRule) => void }) {
  const form = useForm({
    initialValues: { origins: [] as string[], methods: ['GET'], headers: ['*'], age: 3600 as number | '' },
    validate: {
      origins: (origins) => (origins.length === 0 ? t('nameAtLeastOne') : null),
      methods: (methods) => (methods.length === 0 ? t('chooseAtLeastOne') : null),
    },
  });
  const submit = form.onSubmit(({ origins, methods, headers, age }) =>
    save({ AllowedOrigins: origins, AllowedMethods: methods, ...(headers.length > 0 ? { AllowedHeaders: headers } : {}), ExposeHeaders: ['ETag'], ...(age === '' ? {} : { MaxAgeSeconds: age }) }),
  );
  return (
    <form onSubmit={submit}>
      <Stack>
        <TagsInput label={t('corsSites')} description={t('pressEnterAfterEach')} placeholder="https://shop.example" {...form.getInputProps('origins')} />
        <MultiSelect label={t('corsMethods')} data={['GET', 'HEAD', 'PUT', 'POST', 'DELETE']} {...form.getInputProps('methods')} />
        <TagsInput label={t('requestHeaders')} {...form.getInputProps('headers')} />
        <NumberInput label={t('browsersRememberItFor')} min={0} {...form.getInputProps('age')} />
        <FormEnd close={close} busy={busy} yes={t('add')} />
      </Stack>
    </form>
  );
}
