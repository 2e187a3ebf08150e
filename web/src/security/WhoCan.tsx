// "Who can do this?": everyone in the account, allowed or not, with the statement that decides.
import { Alert, Autocomplete, Badge, Button, Code, Collapse, Group, SegmentedControl, Stack, Text, TextInput, UnstyledButton } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { IconChevronRight, IconSearch, IconWorld } from '@tabler/icons-react';
import { useState, type FormEvent } from 'react';

import { useCall } from '../api/call';
import type { AccessView, OutsiderView, StatementView } from '../api/schema';
import { Failed, Surface, Waiting } from '../app/parts';
import { fromServer } from '../i18n/server';
import { t, type TextKey } from '../i18n/text';

const ACTIONS = ['s3:GetObject', 's3:PutObject', 's3:DeleteObject', 's3:PutBucketPolicy', 'kms:Decrypt', 'iam:CreateUser', 'iam:AttachUserPolicy', 'ec2:RunInstances', 'ec2:TerminateInstances', 'secretsmanager:GetSecretValue', 'sts:AssumeRole'];
const COLOR: Record<string, string> = { allowed: 'green', conditional: 'yellow', denied: 'gray' };
const SAID: Record<string, TextKey> = { allowed: 'may', conditional: 'mayIf', denied: 'mayNot' };
const KINDS: Record<string, TextKey> = { user: 'user', role: 'role', 'service-account': 'program', root: 'account' };
const PAGE = 200;

export function WhoCan() {
  const [text, setText] = useState({ action: 's3:GetObject', resource: 'arn:aws:s3:::' });
  const [asked, setAsked] = useState<typeof text | null>(null);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    setAsked({ action: text.action.trim(), resource: text.resource.trim() || '*' });
  };
  return (
    <Surface title={t('whoCanDoWhat')}>
      <form onSubmit={submit}>
        <Group align="flex-end" gap="sm">
          <Autocomplete label={t('action')} data={ACTIONS} value={text.action} onChange={(action) => setText({ ...text, action })} style={{ flex: '1 1 200px' }} />
          <TextInput label={t('resource')} placeholder="arn:aws:s3:::reports/2026.csv" value={text.resource} onChange={(event) => setText({ ...text, resource: event.currentTarget.value })} style={{ flex: '2 1 280px' }} />
          <Button type="submit" leftSection={<IconSearch size={16} />} disabled={!text.action.includes(':')}>
            {t('whoCan')}
          </Button>
        </Group>
      </form>
      {asked ? (
        <Answer key={`${asked.action} ${asked.resource}`} asked={asked} />
      ) : (
        <Text size="sm" c="dimmed" mt="sm">
          {t('answeredByTheEvaluator')}
        </Text>
      )}
    </Surface>
  );
}

function Answer({ asked }: { asked: { action: string; resource: string } }) {
  const [shown, setShown] = useState('may');
  const { data, error, isPending } = useCall('whoCan', { ...asked, limit: PAGE });
  if (isPending) return <Waiting />;
  if (error !== null) return <Failed error={error} />;
  const may = data.items.filter((item) => item.outcome !== 'denied');
  const list = shown === 'may' ? may : data.items.filter((item) => item.outcome === 'denied');
  return (
    <Stack gap="xs" mt="md">
      {data.outsiders.length > 0 && <Outsiders outsiders={data.outsiders} />}
      <SegmentedControl
        size="xs"
        value={shown}
        onChange={setShown}
        style={{ alignSelf: 'flex-start' }}
        data={[
          { value: 'may', label: t('mayCount', { count: may.length }) },
          { value: 'not', label: t('mayNotCount', { count: data.items.length - may.length }) },
        ]}
      />
      {list.length === 0 && (
        <Text size="sm" c="dimmed">
          {t('nobodyAtAll')}
        </Text>
      )}
      <Stack gap={6} role="list" aria-label={t('answer')}>
        {list.map((item) => (
          <Row key={item.principal} item={item} />
        ))}
      </Stack>
      {data.next_cursor && (
        <Text size="xs" c="dimmed">
          {t('firstShown', { count: PAGE })}
        </Text>
      )}
    </Stack>
  );
}

function Outsiders({ outsiders }: { outsiders: OutsiderView[] }) {
  return (
    <Alert color="orange" icon={<IconWorld size={18} />} title={t('letInFromOutside')}>
      {outsiders.map((one) => (
        <Text key={`${one.principal} ${one.statement.number}`} size="sm">
          {one.principal}, {where(one.statement)}
        </Text>
      ))}
    </Alert>
  );
}

function Row({ item }: { item: AccessView }) {
  const [opened, { toggle }] = useDisclosure(false);
  const why = item.statements[0];
  const said = fromServer(item.note) || (item.outcome === 'denied' && item.reason) || (why ? where(why) : '');
  return (
    <div className="well" role="listitem" data-principal={item.name} data-outcome={item.outcome}>
      <UnstyledButton onClick={toggle} p="xs" w="100%" aria-expanded={opened}>
        <Group wrap="nowrap" gap="sm">
          <IconChevronRight size={15} style={{ transform: opened ? 'rotate(90deg)' : undefined, flexShrink: 0 }} />
          <Text size="sm" fw={600} style={{ overflowWrap: 'anywhere' }}>
            {item.name}
          </Text>
          <Text size="xs" c="dimmed">
            {KINDS[item.kind] ? t(KINDS[item.kind]!) : item.kind}
          </Text>
          <Badge variant="light" color={COLOR[item.outcome]} tt="none" style={{ flexShrink: 0 }}>
            {t(SAID[item.outcome] ?? 'mayNot')}
          </Badge>
          <Text size="sm" c="dimmed" visibleFrom="sm">
            {said}
          </Text>
        </Group>
      </UnstyledButton>
      <Collapse expanded={opened}>
        <Stack gap="xs" p="xs" pt={0}>
          <Text size="sm" hiddenFrom="sm">
            {said}
          </Text>
          {item.waits_for.length > 0 && <Text size="sm">{t('dependsOn', { keys: item.waits_for.join(', ') })}</Text>}
          {[...item.statements, ...item.others].map((statement) => (
            <Statement key={`${statement.policy_arn} ${statement.policy} ${statement.number}`} statement={statement} />
          ))}
          {item.statements.length + item.others.length === 0 && <Text size="sm">{t('noStatementOfAny')}</Text>}
        </Stack>
      </Collapse>
    </div>
  );
}

function Statement({ statement }: { statement: StatementView }) {
  return (
    <div>
      <Text size="xs" c="dimmed">
        {where(statement)}
      </Text>
      <Code block>{JSON.stringify(statement.statement, null, 2)}</Code>
    </div>
  );
}

function where(statement: StatementView): string {
  const verb = t(statement.effect === 'Deny' ? 'deniedBy' : 'allowedBy');
  const through = statement.through ? t('throughWhat', { through: statement.through }) : '';
  const which = statement.sid ? t('statementNamed', { name: statement.sid }) : t('statementNumber', { number: statement.number });
  return t('decidedByStatement', { verb, which, policy: statement.policy || t('policyOfKind', { kind: statement.kind }), through });
}
