// "May this one do that?", answered while a policy is being written, by the evaluator that decides
// real requests.
import { Alert, Autocomplete, Stack, Text, TextInput } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { useQuery } from '@tanstack/react-query';
import { IconCircleCheck, IconCircleX } from '@tabler/icons-react';
import { useState } from 'react';

import { aws } from '../api/aws';
import { messageOf } from '../app/parts';
import { t } from '../i18n/text';
import { jsonProblem } from './PolicyText';

interface Props {
  identityPolicy?: string; // what is tried, as a policy of whoever asks
  resourcePolicy?: string; // or as the policy of the resource
  callers?: { value: string; label: string }[];
  actions: string[];
  resource: string;
}

interface Result {
  EvalActionName: string;
  EvalDecision: 'allowed' | 'explicitDeny' | 'implicitDeny';
  MatchedStatements?: { SourcePolicyId?: string; SourcePolicyType?: string; StartPosition?: { Line: number } }[];
  MissingContextValues?: string[];
}

// A mistake or a risk in the policy (Access Analyzer's ValidatePolicy).
interface Advice {
  findingType: 'ERROR' | 'SECURITY_WARNING' | 'WARNING' | 'SUGGESTION';
  issueCode: string;
  findingDetails: string;
  locations: { span: { start: { line: number } } }[];
}

const NOTHING = '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"none:Nothing","Resource":"*"}]}';

export function Simulation({ identityPolicy, resourcePolicy, callers = [], actions, resource }: Props) {
  const [action, setAction] = useState(actions[0] ?? '');
  const [what, setWhat] = useState(resource);
  const [who, setWho] = useState(callers[0]?.value ?? '');
  const text = identityPolicy ?? resourcePolicy ?? '';
  const [asked] = useDebouncedValue({ action, what, who, text }, 300);
  const usable = asked.text.trim() !== '' && jsonProblem(asked.text) === null && asked.action.includes(':');
  const query = useQuery({
    queryKey: ['simulate', asked],
    queryFn: () =>
      aws<{ EvaluationResults: Result[] }>('iam', 'SimulateCustomPolicy', {
        PolicyInputList: [identityPolicy === undefined ? NOTHING : asked.text],
        ...(identityPolicy === undefined ? { ResourcePolicy: asked.text, CallerArn: asked.who } : {}),
        ActionNames: [asked.action],
        ResourceArns: [asked.what || '*'],
      }),
    enabled: usable,
    retry: false,
  });
  const result = query.data?.EvaluationResults[0];
  const advice = useQuery({
    queryKey: ['validate', asked.text],
    queryFn: () =>
      aws<{ findings: Advice[] }>('accessanalyzer', 'ValidatePolicy', {
        policyDocument: asked.text,
        policyType: identityPolicy === undefined ? 'RESOURCE_POLICY' : 'IDENTITY_POLICY',
      }),
    enabled: usable,
    retry: false,
  });
  const advised = advice.data?.findings ?? [];
  const mistakes = advised.filter((each) => each.findingType === 'ERROR');
  const risks = advised.filter((each) => each.findingType !== 'ERROR');
  return (
    <Stack gap="xs" data-simulation>
      <Text size="sm" fw={500}>
        {t('tryPolicy')}
      </Text>
      {identityPolicy === undefined && <Autocomplete size="xs" label={t('who')} data={callers.map((caller) => caller.value)} value={who} onChange={setWho} />}
      <Autocomplete size="xs" label={t('action')} data={actions} value={action} onChange={setAction} />
      <TextInput size="xs" label={t('resource')} value={what} onChange={(event) => setWhat(event.currentTarget.value)} />
      {!usable && (
        <Text size="sm" c="dimmed">
          {t('writeAPolicyTo')}
        </Text>
      )}
      {usable && query.error !== null && (
        <Alert color="orange" title={t('notAPolicyYet')}>
          {mistakes.length === 0 && <Text size="sm">{messageOf(query.error)}</Text>}
          <AdviceList advised={mistakes} />
        </Alert>
      )}
      {usable && result && <Verdict result={result} />}
      {usable && risks.length > 0 && (
        <Alert color="yellow" title={t('worthALook')}>
          <AdviceList advised={risks} />
        </Alert>
      )}
    </Stack>
  );
}

function AdviceList({ advised }: { advised: Advice[] }) {
  return advised.map(({ issueCode, findingDetails, locations }) => {
    const line = locations[0]?.span.start.line;
    return (
      <Text size="sm" key={issueCode + findingDetails}>
        {findingDetails}
        {line !== undefined && ` (${t('lineNumber', { line })})`}
      </Text>
    );
  });
}

function Verdict({ result }: { result: Result }) {
  const yes = result.EvalDecision === 'allowed';
  const matched = result.MatchedStatements ?? [];
  const line = matched[0]?.StartPosition?.Line;
  const why = {
    allowed: t('aStatementAllowsIt'),
    explicitDeny: t('aStatementDeniesIt'),
    implicitDeny: t('noStatementAllowsIt'),
  }[result.EvalDecision];
  return (
    <Alert color={yes ? 'green' : 'red'} icon={yes ? <IconCircleCheck size={18} /> : <IconCircleX size={18} />} title={yes ? t('allowed') : t('denied')} role="status" data-decision={result.EvalDecision}>
      <Text size="sm">
        {t('verdict', { why, where: line === undefined ? '' : t('atLine', { line }) })}
      </Text>
      {(result.MissingContextValues ?? []).length > 0 && (
        <Text size="xs" mt={4}>
          {t('dependsOn', { keys: result.MissingContextValues!.join(', ') })}
        </Text>
      )}
    </Alert>
  );
}
