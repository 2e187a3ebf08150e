// The account's own policies: write one beside its simulation, see its versions, who has it.
import { ActionIcon, Anchor, Badge, Button, Drawer, Grid, Group, Modal, Stack, Table, Text, TextInput } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { IconFileCertificate, IconPlus, IconTrash } from '@tabler/icons-react';
import { useEffect, useState } from 'react';

import { useAws, useAwsChange } from '../api/aws';
import { uncovered, useConfirm } from '../app/confirm';
import { Empty, Failed, messageOf, Surface, Waiting } from '../app/parts';
import { writeDate } from '../i18n/dates';
import { t } from '../i18n/text';
import { jsonProblem, PolicyText, pretty, prettyText, type Template } from './PolicyText';
import { Simulation } from './Simulation';

interface PolicyRow {
  PolicyName: string;
  Arn: string;
  DefaultVersionId: string;
  AttachmentCount?: number;
  Description?: string;
  UpdateDate: string;
}

const ACTIONS = ['s3:GetObject', 's3:PutObject', 's3:ListBucket', 'ec2:RunInstances', 'ec2:TerminateInstances', 'kms:Decrypt', 'iam:CreateUser', 'models:CreateChatCompletion', 'chat:PostMessage'];

export function Policies() {
  const own = useAws<{ Policies: PolicyRow[] }>('iam', 'ListPolicies', { Scope: 'Local', MaxItems: 1000 });
  const [making, { open, close }] = useDisclosure(false);
  const [shown, setShown] = useState<PolicyRow | null>(null);
  const create = (
    <Button size="xs" leftSection={<IconPlus size={15} />} onClick={open}>
      {t('writePolicy')}
    </Button>
  );
  const rows = own.data?.Policies ?? [];
  return (
    <Surface title={t('policiesOfAccount')} aside={rows.length > 0 && create}>
      <NewPolicy opened={making} close={close} />
      <Drawer opened={shown !== null} onClose={uncovered(() => setShown(null))} position="right" size="xl" title={<Text fw={650}>{shown?.PolicyName}</Text>}>
        {shown && <PolicyDetails key={shown.Arn} policy={shown} close={() => setShown(null)} />}
      </Drawer>
      {own.isPending && <Waiting />}
      {own.error !== null && <Failed error={own.error} retry={() => void own.refetch()} />}
      {own.data && rows.length === 0 && (
        <Empty icon={<IconFileCertificate size={26} />} title={t('noPolicyOfYour')} action={create}>
          {t('aPolicySaysWho')}
        </Empty>
      )}
      {rows.length > 0 && (
        <Table.ScrollContainer minWidth={480}>
          <Table verticalSpacing={7} aria-label={t('policies')}>
            <Table.Thead>
              <Table.Tr>
                <Table.Th>{t('policy')}</Table.Th>
                <Table.Th w={110}>{t('version')}</Table.Th>
                <Table.Th w={140}>{t('attachedTo')}</Table.Th>
              </Table.Tr>
            </Table.Thead>
            <Table.Tbody>
              {rows.map((policy) => (
                <Table.Tr key={policy.Arn}>
                  <Table.Td>
                    <Anchor component="button" type="button" size="sm" fw={600} onClick={() => setShown(policy)}>
                      {policy.PolicyName}
                    </Anchor>
                    <Text size="xs" c="dimmed">
                      {policy.Description || policy.Arn}
                    </Text>
                  </Table.Td>
                  <Table.Td>{policy.DefaultVersionId}</Table.Td>
                  <Table.Td>{policy.AttachmentCount ?? 0}</Table.Td>
                </Table.Tr>
              ))}
            </Table.Tbody>
          </Table>
        </Table.ScrollContainer>
      )}
    </Surface>
  );
}

function NewPolicy({ opened, close }: { opened: boolean; close: () => void }) {
  const [name, setName] = useState('');
  const [text, setText] = useState(pretty(TEMPLATES[0]!.policy));
  const [refused, setRefused] = useState<string>();
  const make = useAwsChange({ done: t('policyNameIsMade', { name }), failed: (error) => setRefused(messageOf(error)) });
  const save = () => make.mutate({ service: 'iam', operation: 'CreatePolicy', input: { PolicyName: name, PolicyDocument: text } }, { onSuccess: close });
  return (
    <Modal opened={opened} onClose={close} title={t('writePolicy')} size="xl">
      <Stack>
        <TextInput label={t('name')} value={name} onChange={(event) => setName(event.currentTarget.value)} placeholder="ReadsReports" data-autofocus autoComplete="off" maw={360} />
        <Editor text={text} write={setText} refused={refused} setRefused={setRefused} />
        <Group justify="flex-end" gap="xs">
          <Button variant="default" onClick={close}>
            {t('cancel')}
          </Button>
          <Button loading={make.isPending} disabled={!/^[\w+=,.@-]{1,128}$/.test(name) || text.trim() === '' || jsonProblem(text) !== null} onClick={save}>
            {t('createPolicy')}
          </Button>
        </Group>
      </Stack>
    </Modal>
  );
}

interface EditorProps {
  text: string;
  write: (text: string) => void;
  refused?: string;
  setRefused: (said: string | undefined) => void;
}

function Editor({ text, write, refused, setRefused }: EditorProps) {
  const change = (next: string) => {
    setRefused(undefined);
    write(next);
  };
  return (
    <Grid>
      <Grid.Col span={{ base: 12, sm: 8 }}>
        <PolicyText label={t('policy')} value={text} onChange={change} templates={TEMPLATES} refused={refused} />
      </Grid.Col>
      <Grid.Col span={{ base: 12, sm: 4 }}>
        <Simulation identityPolicy={text} actions={ACTIONS} resource="arn:aws:s3:::reports/2026.csv" />
      </Grid.Col>
    </Grid>
  );
}

interface Version {
  VersionId: string;
  IsDefaultVersion: boolean;
  CreateDate: string;
}

function PolicyDetails({ policy, close }: { policy: PolicyRow; close: () => void }) {
  const versions = useAws<{ Versions: Version[] }>('iam', 'ListPolicyVersions', { PolicyArn: policy.Arn });
  const all = versions.data?.Versions ?? [];
  const current = all.find((version) => version.IsDefaultVersion)?.VersionId ?? policy.DefaultVersionId;
  const [looked, setLooked] = useState('');
  const version = looked || current;
  const document = useAws<{ PolicyVersion: { Document: unknown } }>('iam', 'GetPolicyVersion', { PolicyArn: policy.Arn, VersionId: version });
  const saved = document.data ? textOf(document.data.PolicyVersion.Document) : '';
  const [text, setText] = useState('');
  const [refused, setRefused] = useState<string>();
  const change = useAwsChange({ failed: (error) => setRefused(messageOf(error)) });
  const { ask, dialog } = useConfirm();
  useEffect(() => setText(saved), [saved]);
  const run = (operation: string, input: Record<string, unknown>, after?: () => void) => change.mutate({ service: 'iam', operation, input: { PolicyArn: policy.Arn, ...input } }, { onSuccess: after });
  const erase = async () => {
    if (await ask({ title: t('deletePolicyAsk', { policyName: policy.PolicyName }), text: t('aPolicyThatIs'), yes: t('delete') })) run('DeletePolicy', {}, close);
  };
  return (
    <Stack>
      {dialog}
      <Group justify="space-between">
        <Group gap={6}>
          {all.map((each) => (
            <Badge
              key={each.VersionId}
              component="button"
              tt="none"
              variant={each.VersionId === version ? 'filled' : 'light'}
              style={{ cursor: 'pointer' }}
              onClick={() => setLooked(each.VersionId)}
              title={writeDate(new Date(each.CreateDate), { dateStyle: 'short', timeStyle: 'medium' })}
            >
              {each.VersionId}
              {each.IsDefaultVersion ? t('versionInForce') : ''}
            </Badge>
          ))}
        </Group>
        <ActionIcon variant="subtle" color="red" aria-label={t('deletePolicy', { policyName: policy.PolicyName })} onClick={() => void erase()}>
          <IconTrash size={16} />
        </ActionIcon>
      </Group>
      <Editor text={text} write={setText} refused={refused} setRefused={setRefused} />
      <Group justify="flex-end" gap="xs">
        {version !== current && (
          <>
            <Button variant="light" color="red" onClick={() => run('DeletePolicyVersion', { VersionId: version }, () => setLooked(''))}>
              {t('deleteVersion')}
            </Button>
            <Button variant="default" onClick={() => run('SetDefaultPolicyVersion', { VersionId: version })}>
              {t('putInForce', { version })}
            </Button>
          </>
        )}
        <Button
          loading={change.isPending}
          disabled={text === saved || text.trim() === '' || jsonProblem(text) !== null}
          onClick={() => run('CreatePolicyVersion', { PolicyDocument: text, SetAsDefault: true }, () => setLooked(''))}
        >
          {t('saveAsANew')}
        </Button>
      </Group>
    </Stack>
  );
}

// IAM gives documents percent-encoded to XML clients, as text or object to others.
function textOf(document: unknown): string {
  if (typeof document !== 'string') return pretty(document);
  return prettyText(document.trimStart().startsWith('%') ? decodeURIComponent(document) : document);
}

const statement = (Sid: string, Action: string[], Resource: string | string[], Condition?: unknown) => ({ Sid, Effect: 'Allow', Action, Resource, ...(Condition ? { Condition } : {}) });
const policy = (...Statement: unknown[]) => ({ Version: '2012-10-17', Statement });

const TEMPLATES: Template[] = [
  { label: 'exampleReadBucket', policy: policy(statement('ReadsReports', ['s3:GetObject', 's3:ListBucket'], ['arn:aws:s3:::reports', 'arn:aws:s3:::reports/*'])) },
  { label: 'exampleOwnFolder', policy: policy(statement('OwnFolder', ['s3:GetObject', 's3:PutObject', 's3:DeleteObject'], 'arn:aws:s3:::shared/${aws:username}/*')) },
  { label: 'exampleStartStop', policy: policy(statement('Operates', ['ec2:Describe*', 'ec2:StartInstances', 'ec2:StopInstances', 'ec2:RebootInstances'], '*')) },
  { label: 'exampleUseModels', policy: policy(statement('UsesModels', ['models:List*', 'models:Get*', 'models:Create*'], '*')) },
  { label: 'exampleSecondFactor', policy: policy(statement('WithSecondFactor', ['*'], '*', { Bool: { 'aws:MultiFactorAuthPresent': 'true' } })) },
];
