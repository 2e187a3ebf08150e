// What keeps objects from being lost or read: versions, lock, encryption.
import { Button, NumberInput, Select, Stack, Switch, TextInput } from '@mantine/core';
import { useForm } from '@mantine/form';

import { useAws, useAwsChange } from '../../api/aws';
import { useConfirm } from '../../app/confirm';
import { FormButton, FormEnd, Setting } from './Setting';

export function Versioning({ bucket }: { bucket: string }) {
  const { data, error } = useAws<{ Status?: string }>('s3', 'GetBucketVersioning', { Bucket: bucket });
  const change = useAwsChange({ done: 'Versioning is changed' });
  const status = data?.Status ?? 'Off';
  const put = (Status: string) => change.mutate({ service: 's3', operation: 'PutBucketVersioning', input: { Bucket: bucket, VersioningConfiguration: { Status } } });
  return (
    <Setting
      title="Versioning"
      about="Keeps what was there before whenever an object is overwritten or deleted, so that it can be brought back. Old versions take space until a lifecycle rule removes them."
      state={{ text: status, color: status === 'Enabled' ? 'green' : 'gray' }}
      error={error}
      action={
        <Button size="xs" variant="default" loading={change.isPending} disabled={!data} onClick={() => put(status === 'Enabled' ? 'Suspended' : 'Enabled')}>
          {status === 'Enabled' ? 'Suspend' : 'Turn on'}
        </Button>
      }
    />
  );
}

interface Lock {
  ObjectLockConfiguration: { ObjectLockEnabled?: string; Rule?: { DefaultRetention?: { Mode?: string; Days?: number; Years?: number } } };
}

export function ObjectLock({ bucket }: { bucket: string }) {
  const { data, error } = useAws<Lock>('s3', 'GetObjectLockConfiguration', { Bucket: bucket });
  const rule = data?.ObjectLockConfiguration.Rule?.DefaultRetention;
  const text = !data ? 'Off' : rule ? `${rule.Mode === 'COMPLIANCE' ? 'Compliance' : 'Governance'}, ${rule.Days ? `${rule.Days} days` : `${rule.Years} years`}` : 'On, no default';
  return (
    <Setting
      title="Object lock"
      about="Versions cannot be deleted or overwritten before their date. Governance can be lifted by those who have the right; compliance by nobody. Once on, the lock stays on, and versioning with it."
      state={{ text, color: data ? 'green' : 'gray' }}
      error={error}
      action={
        <FormButton label={data ? 'Change' : 'Turn on'} title="Object lock">
          {(close) => <LockForm bucket={bucket} now={rule} close={close} />}
        </FormButton>
      }
    />
  );
}

function LockForm({ bucket, now, close }: { bucket: string; now?: { Mode?: string; Days?: number; Years?: number }; close: () => void }) {
  const change = useAwsChange({ done: 'Object lock is set' });
  const { ask, dialog } = useConfirm();
  const form = useForm({ initialValues: { mode: now?.Mode ?? '', days: now?.Days ?? (now?.Years ? now.Years * 365 : 30) } });
  const submit = form.onSubmit(async ({ mode, days }) => {
    if (mode === 'COMPLIANCE' && !(await ask({ title: 'Compliance for every new object?', text: `Nobody, not even the administrator, can delete a new version for ${days} days.`, yes: 'Set compliance' }))) return;
    const Rule = mode ? { DefaultRetention: { Mode: mode, Days: days } } : undefined;
    const input = { Bucket: bucket, ObjectLockConfiguration: { ObjectLockEnabled: 'Enabled', ...(Rule ? { Rule } : {}) } };
    change.mutate({ service: 's3', operation: 'PutObjectLockConfiguration', input }, { onSuccess: close });
  });
  const modes = [
    { value: '', label: 'None: only objects that ask for it' },
    { value: 'GOVERNANCE', label: 'Governance' },
    { value: 'COMPLIANCE', label: 'Compliance' },
  ];
  return (
    <form onSubmit={submit}>
      {dialog}
      <Stack>
        <Select label="Default for new objects" data={modes} allowDeselect={false} {...form.getInputProps('mode')} />
        {form.values.mode !== '' && <NumberInput label="Days" min={1} max={36_500} {...form.getInputProps('days')} />}
        <FormEnd close={close} busy={change.isPending} />
      </Stack>
    </form>
  );
}

interface Encryption {
  ServerSideEncryptionConfiguration: {
    Rules: { ApplyServerSideEncryptionByDefault?: { SSEAlgorithm: string; KMSMasterKeyID?: string }; BucketKeyEnabled?: boolean }[];
  };
}

export function Encryption({ bucket }: { bucket: string }) {
  const { data, error } = useAws<Encryption>('s3', 'GetBucketEncryption', { Bucket: bucket });
  const rule = data?.ServerSideEncryptionConfiguration.Rules[0];
  const chosen = rule?.ApplyServerSideEncryptionByDefault;
  const text = !chosen ? 'Default' : chosen.SSEAlgorithm === 'aws:kms' ? 'KMS key' : 'AES-256';
  return (
    <Setting
      title="Encryption"
      about="How new objects are encrypted when the writer does not say. With a key of KMS, who may read is decided by the key's policy too, and every use is in the trail."
      state={{ text, color: chosen ? 'green' : 'gray' }}
      error={error}
      action={
        <FormButton label="Change" title="Encryption of new objects">
          {(close) => <EncryptionForm bucket={bucket} now={chosen} bucketKey={rule?.BucketKeyEnabled ?? true} close={close} />}
        </FormButton>
      }
    />
  );
}

interface EncryptionFormProps {
  bucket: string;
  now?: { SSEAlgorithm: string; KMSMasterKeyID?: string };
  bucketKey: boolean;
  close: () => void;
}

function EncryptionForm({ bucket, now, bucketKey, close }: EncryptionFormProps) {
  const change = useAwsChange({ done: 'Encryption is set' });
  const aliases = useAws<{ Aliases: { AliasName: string; TargetKeyId?: string }[] }>('kms', 'ListAliases');
  const form = useForm({ initialValues: { algorithm: now?.SSEAlgorithm ?? 'AES256', key: now?.KMSMasterKeyID ?? '', bucketKey } });
  const submit = form.onSubmit(({ algorithm, key, bucketKey: BucketKeyEnabled }) => {
    const byDefault = { SSEAlgorithm: algorithm, ...(algorithm === 'aws:kms' && key ? { KMSMasterKeyID: key } : {}) };
    const Rules = [{ ApplyServerSideEncryptionByDefault: byDefault, ...(algorithm === 'aws:kms' ? { BucketKeyEnabled } : {}) }];
    const input = { Bucket: bucket, ServerSideEncryptionConfiguration: { Rules } };
    change.mutate({ service: 's3', operation: 'PutBucketEncryption', input }, { onSuccess: close });
  });
  const kinds = [
    { value: 'AES256', label: 'AES-256, keys kept by the object store (SSE-S3)' },
    { value: 'aws:kms', label: 'A key of KMS (SSE-KMS)' },
  ];
  const known = aliases.data?.Aliases.filter((alias) => alias.TargetKeyId).map((alias) => alias.AliasName) ?? [];
  return (
    <form onSubmit={submit}>
      <Stack>
        <Select label="Encrypt with" data={kinds} allowDeselect={false} {...form.getInputProps('algorithm')} />
        {form.values.algorithm === 'aws:kms' && (
          <>
            <TextInput
              label="Key"
              description={known.length > 0 ? `Id, ARN or alias. There are: ${known.join(', ')}. Empty takes the account's own.` : 'Id, ARN or alias; empty takes the account’s own.'}
              {...form.getInputProps('key')}
            />
            <Switch label="One data key for many objects (fewer calls of KMS)" {...form.getInputProps('bucketKey', { type: 'checkbox' })} />
          </>
        )}
        <FormEnd close={close} busy={change.isPending} />
      </Stack>
    </form>
  );
}
