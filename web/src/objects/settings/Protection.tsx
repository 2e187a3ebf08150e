// What keeps objects from being lost or read: versions, lock, encryption.
import { Button, NumberInput, Select, Stack, Switch, TextInput } from '@mantine/core';
import { useForm } from '@mantine/form';

import { useAws, useAwsChange } from '../../api/aws';
import { useConfirm } from '../../app/confirm';
import { t, type TextKey } from '../../i18n/text';
import { FormButton, FormEnd, Setting } from './Setting';

const STATES: Record<string, TextKey> = { Off: 'offState', Enabled: 'enabledState', Suspended: 'suspended' };

export function Versioning({ bucket }: { bucket: string }) {
  const { data, error } = useAws<{ Status?: string }>('s3', 'GetBucketVersioning', { Bucket: bucket });
  const change = useAwsChange({ done: t('versioningIsChanged') });
  const status = data?.Status ?? 'Off';
  const put = (Status: string) => change.mutate({ service: 's3', operation: 'PutBucketVersioning', input: { Bucket: bucket, VersioningConfiguration: { Status } } });
  return (
    <Setting
      title={t('versioning')}
      about={t('keepsWhatWasThere')}
      state={{ text: t(STATES[status] ?? 'offState'), color: status === 'Enabled' ? 'green' : 'gray' }}
      error={error}
      action={
        <Button size="xs" variant="default" loading={change.isPending} disabled={!data} onClick={() => put(status === 'Enabled' ? 'Suspended' : 'Enabled')}>
          {status === 'Enabled' ? t('suspend') : t('turnOn')}
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
  const text = !data ? t('offState') : rule ? `${rule.Mode === 'COMPLIANCE' ? t('complianceMode') : t('governance')}, ${rule.Days ? t('daysCount', { count: rule.Days }) : t('yearsCount', { count: rule.Years ?? 0 })}` : t('onNoDefault');
  return (
    <Setting
      title={t('objectLock')}
      about={t('versionsCannotBeDeleted')}
      state={{ text, color: data ? 'green' : 'gray' }}
      error={error}
      action={
        <FormButton label={data ? t('change') : t('turnOn')} title={t('objectLock')}>
          {(close) => <LockForm bucket={bucket} now={rule} close={close} />}
        </FormButton>
      }
    />
  );
}

function LockForm({ bucket, now, close }: { bucket: string; now?: { Mode?: string; Days?: number; Years?: number }; close: () => void }) {
  const change = useAwsChange({ done: t('objectLockIsSet') });
  const { ask, dialog } = useConfirm();
  const form = useForm({ initialValues: { mode: now?.Mode ?? '', days: now?.Days ?? (now?.Years ? now.Years * 365 : 30) } });
  const submit = form.onSubmit(async ({ mode, days }) => {
    if (mode === 'COMPLIANCE' && !(await ask({ title: t('complianceForEveryNew'), text: t('complianceWarning', { days }), yes: t('setCompliance') }))) return;
    const Rule = mode ? { DefaultRetention: { Mode: mode, Days: days } } : undefined;
    const input = { Bucket: bucket, ObjectLockConfiguration: { ObjectLockEnabled: 'Enabled', ...(Rule ? { Rule } : {}) } };
    change.mutate({ service: 's3', operation: 'PutObjectLockConfiguration', input }, { onSuccess: close });
  });
  const modes = [
    { value: '', label: t('noneOnlyObjectsThat') },
    { value: 'GOVERNANCE', label: t('governance') },
    { value: 'COMPLIANCE', label: t('complianceMode') },
  ];
  return (
    <form onSubmit={submit}>
      {dialog}
      <Stack>
        <Select label={t('defaultForNewObjects')} data={modes} allowDeselect={false} {...form.getInputProps('mode')} />
        {form.values.mode !== '' && <NumberInput label={t('days')} min={1} max={36_500} {...form.getInputProps('days')} />}
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
  const text = !chosen ? t('defaultState') : chosen.SSEAlgorithm === 'aws:kms' ? t('kmsKey') : 'AES-256';
  return (
    <Setting
      title={t('encryption')}
      about={t('howNewObjectsAre')}
      state={{ text, color: chosen ? 'green' : 'gray' }}
      error={error}
      action={
        <FormButton label={t('change')} title={t('encryptionOfNewObjects')}>
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
  const change = useAwsChange({ done: t('encryptionIsSet') });
  const aliases = useAws<{ Aliases: { AliasName: string; TargetKeyId?: string }[] }>('kms', 'ListAliases');
  const form = useForm({ initialValues: { algorithm: now?.SSEAlgorithm ?? 'AES256', key: now?.KMSMasterKeyID ?? '', bucketKey } });
  const submit = form.onSubmit(({ algorithm, key, bucketKey: BucketKeyEnabled }) => {
    const byDefault = { SSEAlgorithm: algorithm, ...(algorithm === 'aws:kms' && key ? { KMSMasterKeyID: key } : {}) };
    const Rules = [{ ApplyServerSideEncryptionByDefault: byDefault, ...(algorithm === 'aws:kms' ? { BucketKeyEnabled } : {}) }];
    const input = { Bucket: bucket, ServerSideEncryptionConfiguration: { Rules } };
    change.mutate({ service: 's3', operation: 'PutBucketEncryption', input }, { onSuccess: close });
  });
  const kinds = [
    { value: 'AES256', label: t('aes256KeysKept') },
    { value: 'aws:kms', label: t('aKeyOfKms') },
  ];
  const known = aliases.data?.Aliases.filter((alias) => alias.TargetKeyId).map((alias) => alias.AliasName) ?? [];
  return (
    <form onSubmit={submit}>
      <Stack>
        <Select label={t('encryptWith')} data={kinds} allowDeselect={false} {...form.getInputProps('algorithm')} />
        {form.values.algorithm === 'aws:kms' && (
          <>
            <TextInput
              label={t('kmsKey')}
              description={known.length > 0 ? t('kmsKeysKnown', { known: known.join(', ') }) : t('idArnOrAlias')}
              {...form.getInputProps('key')}
            />
            <Switch label={t('oneDataKeyFor')} {...form.getInputProps('bucketKey', { type: 'checkbox' })} />
          </>
        )}
        <FormEnd close={close} busy={change.isPending} />
      </Stack>
    </form>
  );
}
