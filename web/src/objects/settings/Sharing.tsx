// Who from outside may reach the bucket: public access, CORS.
import { ActionIcon, Group, MultiSelect, NumberInput, Stack, Switch, TagsInput, Text } from '@mantine/core';
import { useForm } from '@mantine/form';
import { IconTrash } from '@tabler/icons-react';

import { useAws, useAwsChange } from '../../api/aws';
import { useConfirm } from '../../app/confirm';
import { FormButton, FormEnd, Setting } from './Setting';

const SWITCHES = [
  ['BlockPublicAcls', 'Refuse access lists that open to the public'],
  ['IgnorePublicAcls', 'Ignore access lists that are open already'],
  ['BlockPublicPolicy', 'Refuse policies that open to the public'],
  ['RestrictPublicBuckets', 'With an open policy, let in only this account'],
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
    if (!on && !(await ask({ title: 'Allow public access?', text: `This lets a policy or an access list open ${bucket} to everyone who reaches this cloud.`, yes: 'Allow' }))) return;
    const next = Object.fromEntries(SWITCHES.map(([key]) => [key, key === name ? on : (now?.[key] ?? false)]));
    change.mutate({ service: 's3', operation: 'PutPublicAccessBlock', input: { Bucket: bucket, PublicAccessBlockConfiguration: next } });
  };
  return (
    <Setting
      title="Public access"
      about="Four switches that win over every policy and access list of this bucket."
      state={isPublic ? { text: 'Public', color: 'red' } : { text: all ? 'Blocked' : 'Not public', color: all ? 'green' : 'gray' }}
      error={error}
    >
      {dialog}
      {SWITCHES.map(([name, label]) => (
        <Switch key={name} size="sm" label={label} checked={now?.[name] ?? false} disabled={change.isPending} onChange={(event) => void put(name, event.currentTarget.checked)} />
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
  const change = useAwsChange({ done: 'CORS rules are changed' });
  const rules = data?.CORSRules ?? [];
  const save = (next: CorsRule[], after?: () => void) => {
    const operation = next.length > 0 ? 'PutBucketCors' : 'DeleteBucketCors';
    const input = next.length > 0 ? { Bucket: bucket, CORSConfiguration: { CORSRules: next } } : { Bucket: bucket };
    change.mutate({ service: 's3', operation, input }, { onSuccess: after });
  };
  return (
    <Setting
      title="Web pages of other sites (CORS)"
      about="Which web sites may read and write this bucket from a visitor's browser. Programs outside browsers do not need it."
      state={{ text: rules.length === 0 ? 'None' : `${rules.length} ${rules.length === 1 ? 'rule' : 'rules'}`, color: rules.length > 0 ? 'green' : 'gray' }}
      error={error}
      action={
        <FormButton label="Add rule" title="CORS rule">
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
              {rule.AllowedHeaders?.length ? `, headers ${rule.AllowedHeaders.join(', ')}` : ''}
            </Text>
          </div>
          <ActionIcon variant="subtle" color="red" aria-label={`Delete rule for ${rule.AllowedOrigins.join(', ')}`} onClick={() => save(rules.filter((other) => other !== rule))}>
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
      origins: (origins) => (origins.length === 0 ? 'Name at least one site, such as https://shop.example.' : null),
      methods: (methods) => (methods.length === 0 ? 'Choose at least one.' : null),
    },
  });
  const submit = form.onSubmit(({ origins, methods, headers, age }) =>
    save({ AllowedOrigins: origins, AllowedMethods: methods, ...(headers.length > 0 ? { AllowedHeaders: headers } : {}), ExposeHeaders: ['ETag'], ...(age === '' ? {} : { MaxAgeSeconds: age }) }),
  );
  return (
    <form onSubmit={submit}>
      <Stack>
        <TagsInput label="Sites" description="Press Enter after each; * is any site." placeholder="https://shop.example" {...form.getInputProps('origins')} />
        <MultiSelect label="Methods" data={['GET', 'HEAD', 'PUT', 'POST', 'DELETE']} {...form.getInputProps('methods')} />
        <TagsInput label="Request headers" {...form.getInputProps('headers')} />
        <NumberInput label="Browsers remember it for seconds" min={0} {...form.getInputProps('age')} />
        <FormEnd close={close} busy={busy} yes="Add" />
      </Stack>
    </form>
  );
}
