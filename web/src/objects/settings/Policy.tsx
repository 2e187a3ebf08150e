// The bucket's policy, written beside its own simulation.
import { Button, Grid, Group, Text } from '@mantine/core';
import { useEffect, useState } from 'react';

import { useAws, useAwsChange } from '../../api/aws';
import { useCall } from '../../api/call';
import { useConfirm } from '../../app/confirm';
import { messageOf } from '../../app/parts';
import { useSession } from '../../app/session';
import { t } from '../../i18n/text';
import { jsonProblem, PolicyText, prettyText, type Template } from '../../identity/PolicyText';
import { Simulation } from '../../identity/Simulation';
import { Setting } from './Setting';

const ACTIONS = ['s3:GetObject', 's3:PutObject', 's3:DeleteObject', 's3:ListBucket', 's3:GetObjectVersion', 's3:PutBucketPolicy'];

export function Policy({ bucket }: { bucket: string }) {
  const session = useSession();
  const people = useCall('listPeople', { limit: 100 });
  const { data, error } = useAws<{ Policy: string }>('s3', 'GetBucketPolicy', { Bucket: bucket });
  const saved = data ? prettyText(data.Policy) : '';
  const [text, setText] = useState('');
  const [refused, setRefused] = useState<string>();
  const change = useAwsChange({ done: t('thePolicyIsSet'), failed: (problem) => setRefused(messageOf(problem)) });
  const { ask, dialog } = useConfirm();
  useEffect(() => setText(saved), [saved]);
  const write = (next: string) => {
    setRefused(undefined);
    setText(next);
  };
  const save = () => change.mutate({ service: 's3', operation: 'PutBucketPolicy', input: { Bucket: bucket, Policy: text } });
  const erase = async () => {
    if (await ask({ title: t('deleteThePolicy'), text: t('thoseWhoWereLet'), yes: t('delete') })) {
      change.mutate({ service: 's3', operation: 'DeleteBucketPolicy', input: { Bucket: bucket } });
    }
  };
  const callers = [
    ...(people.data?.items.map((person) => ({ value: person.arn, label: person.name })) ?? []),
    { value: `arn:aws:iam::${session.account}:root`, label: t('theAccount') },
  ];
  return (
    <Setting
      title={t('bucketPolicyTitle')}
      about={t('whoMayDoWhat')}
      state={{ text: data ? t('settingSet') : t('noneCapital'), color: data ? 'green' : 'gray' }}
      error={error}
      action={
        data && (
          <Button size="xs" variant="light" color="red" onClick={() => void erase()}>
            {t('delete')}
          </Button>
        )
      }
    >
      {dialog}
      <Grid>
        <Grid.Col span={{ base: 12, md: 8 }}>
          <PolicyText label={t('bucketPolicy')} value={text} onChange={write} templates={templates(bucket, session.account)} refused={refused} />
          <Group justify="flex-end" mt="sm">
            {text !== saved && (
              <Text size="xs" c="dimmed">
                {t('notSaved')}
              </Text>
            )}
            <Button size="sm" loading={change.isPending} disabled={text.trim() === '' || text === saved || jsonProblem(text) !== null} onClick={save}>
              {t('savePolicy')}
            </Button>
          </Group>
        </Grid.Col>
        <Grid.Col span={{ base: 12, md: 4 }}>{callers.length > 1 && <Simulation resourcePolicy={text} callers={callers} actions={ACTIONS} resource={`arn:aws:s3:::${bucket}/any-name`} />}</Grid.Col>
      </Grid>
    </Setting>
  );
}

function templates(bucket: string, account: string): Template[] {
  const all = `arn:aws:s3:::${bucket}/*`;
  const itself = `arn:aws:s3:::${bucket}`;
  const policy = (...Statement: unknown[]) => ({ Version: '2012-10-17', Statement });
  return [
    { label: 'exampleEveryone', policy: policy({ Sid: 'EveryoneReads', Effect: 'Allow', Principal: '*', Action: 's3:GetObject', Resource: all }) },
    {
      label: 'examplePersonFolder',
      policy: policy({ Sid: 'ReadsReports', Effect: 'Allow', Principal: { AWS: `arn:aws:iam::${account}:user/NAME` }, Action: 's3:GetObject', Resource: `arn:aws:s3:::${bucket}/reports/*` }),
    },
    {
      label: 'exampleOtherAccount',
      policy: policy({ Sid: 'PartnerReads', Effect: 'Allow', Principal: { AWS: 'arn:aws:iam::ACCOUNT:root' }, Action: ['s3:GetObject', 's3:ListBucket'], Resource: [itself, all] }),
    },
    {
      label: 'exampleOnlyTls',
      policy: policy({ Sid: 'TlsOnly', Effect: 'Deny', Principal: '*', Action: 's3:*', Resource: [itself, all], Condition: { Bool: { 'aws:SecureTransport': 'false' } } }),
    },
    {
      label: 'exampleOnlyKms',
      policy: policy({ Sid: 'EncryptedOnly', Effect: 'Deny', Principal: '*', Action: 's3:PutObject', Resource: all, Condition: { StringNotEquals: { 's3:x-amz-server-side-encryption': 'aws:kms' } } }),
    },
  ];
}
