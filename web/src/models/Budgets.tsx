// What models may cost and did: limits of keys, people, projects, and each answer with its price.
import { ActionIcon, Badge, Button, Group, NumberInput, Progress, Select, Stack, Table, Text, TextInput, VisuallyHidden } from '@mantine/core';
import { IconPlus, IconTrash } from '@tabler/icons-react';
import { useState } from 'react';

import { useCall, useChange } from '../api/call';
import type { AnswerObject, LimitObject } from '../api/schema';
import { FormDialog } from '../app/FormDialog';
import { formatAgo, formatMoney } from '../app/format';
import { Failed, Surface, Waiting } from '../app/parts';
import { useSession } from '../app/session';
import { t, type TextKey } from '../i18n/text';
import { FiguresTable, seconds } from './Routes';

const SCOPES = [
  { value: 'account', label: 'thisAccount' },
  { value: 'project', label: 'aProject' },
  { value: 'person', label: 'aPerson' },
  { value: 'key', label: 'anApiKey' },
] as const;
const SCOPE_NAMES: Record<string, TextKey> = { account: 'scopeAccount', project: 'scopeProject', person: 'scopePerson', key: 'scopeKey' };
const LOOK_EVERY_MS = 10_000;
const PAGE = 50;

export function Budgets() {
  return (
    <Stack>
      <Limits />
      <Lately />
      <Answers />
    </Stack>
  );
}

function Limits() {
  const { data, error, isPending } = useCall('listModelLimits', {}, { every: LOOK_EVERY_MS });
  const [adding, setAdding] = useState(false);
  const aside = (
    <Button size="compact-sm" variant="light" leftSection={<IconPlus size={15} />} onClick={() => setAdding(true)}>
      {t('setALimit')}
    </Button>
  );
  return (
    <Surface title={t('limitsAndBudgets')} aside={aside}>
      {isPending && <Waiting />}
      {error !== null && <Failed error={error} />}
      {data?.items.length === 0 && (
        <Text size="sm" c="dimmed">
          {t('nobodyIsLimitedA')}
        </Text>
      )}
      {data && data.items.length > 0 && (
        <Table.ScrollContainer minWidth={640}>
          <Table verticalSpacing={8}>
            <Table.Thead>
              <Table.Tr>
                <Table.Th>{t('limitOf')}</Table.Th>
                <Table.Th>{t('aMinute')}</Table.Th>
                <Table.Th>{t('today')}</Table.Th>
                <Table.Th>{t('thisMonth')}</Table.Th>
                <Table.Th>
                  <VisuallyHidden>{t('actions')}</VisuallyHidden>
                </Table.Th>
              </Table.Tr>
            </Table.Thead>
            <Table.Tbody>
              {data.items.map((item) => (
                <LimitRow key={`${item.scope}/${item.subject}`} item={item} />
              ))}
            </Table.Tbody>
          </Table>
        </Table.ScrollContainer>
      )}
      {adding && <LimitDialog onClose={() => setAdding(false)} />}
    </Surface>
  );
}

function LimitRow({ item }: { item: LimitObject }) {
  const remove = useChange('deleteModelLimit', { reads: ['listModelLimits'], done: t('theLimitIsLifted') });
  const perMinute = [item.requests_per_minute && t('requestsCount', { count: item.requests_per_minute }), item.tokens_per_minute && t('tokensCount', { count: item.tokens_per_minute })];
  return (
    <Table.Tr>
      <Table.Td>
        <Badge variant="light">{t(SCOPE_NAMES[item.scope] ?? 'limitFor')}</Badge> {item.subject}
      </Table.Td>
      <Table.Td>{perMinute.filter(Boolean).join(', ') || t('anyNumber')}</Table.Td>
      <Table.Td>
        <Spent spent={item.day_spent} budget={item.day_budget} currency={item.currency} />
      </Table.Td>
      <Table.Td>
        <Spent spent={item.month_spent} budget={item.month_budget} currency={item.currency} />
      </Table.Td>
      <Table.Td ta="right">
        <ActionIcon variant="subtle" color="gray" aria-label={t('liftLimit', { subject: item.subject })} onClick={() => remove.mutate({ scope: item.scope, subject: item.subject })}>
          <IconTrash size={16} />
        </ActionIcon>
      </Table.Td>
    </Table.Tr>
  );
}

function Spent({ spent, budget, currency }: { spent: string; budget: string; currency: string }) {
  const limit = Number(budget);
  if (limit === 0) return <Text size="sm">{formatMoney(spent, currency)}</Text>;
  const percent = Math.min(100, (100 * Number(spent)) / limit);
  return (
    <>
      <Text size="sm">
        {t('moneyOf', { money: formatMoney(spent, currency), limit: formatMoney(budget, currency) })}
      </Text>
      <Progress value={percent} color={percent > 90 ? 'red' : 'volano'} aria-label={t('percentSpent', { percent: Math.round(percent) })} />
    </>
  );
}

function LimitDialog({ onClose }: { onClose: () => void }) {
  const { account } = useSession();
  const [scope, setScope] = useState('account');
  const [named, setSubject] = useState('');
  const subject = scope === 'account' ? account : named;
  const [requests, setRequests] = useState(0);
  const [tokens, setTokens] = useState(0);
  const [day, setDay] = useState('0');
  const [month, setMonth] = useState('0');
  const put = useChange('putModelLimit', { reads: ['listModelLimits'] });
  const submit = () =>
    put.mutate({ scope, subject, requests_per_minute: requests, tokens_per_minute: tokens, day_budget: day, month_budget: month }, { onSuccess: onClose });
  return (
    <FormDialog title={t('setALimit')} yes={t('setIt')} onClose={onClose} submit={submit} busy={put.isPending}>
      <Select label={t('limitFor')} data={SCOPES.map(({ value, label }) => ({ value, label: t(label) }))} value={scope} onChange={(value) => value && setScope(value)} allowDeselect={false} />
      <TextInput label={t('nameOrId')} required disabled={scope === 'account'} value={subject} onChange={(event) => setSubject(event.currentTarget.value)} />
      <Group grow>
        <NumberInput label={t('requestsAMinute')} min={0} value={requests} onChange={(given) => typeof given === 'number' && setRequests(given)} />
        <NumberInput label={t('tokensAMinute')} min={0} value={tokens} onChange={(given) => typeof given === 'number' && setTokens(given)} />
      </Group>
      <Group grow>
        <TextInput label={t('moneyADay')} value={day} onChange={(event) => setDay(event.currentTarget.value)} />
        <TextInput label={t('moneyAMonth')} value={month} onChange={(event) => setMonth(event.currentTarget.value)} />
      </Group>
      <Text size="xs" c="dimmed">
        {t('zeroIsNoLimit')}
      </Text>
    </FormDialog>
  );
}

function Lately() {
  const { data } = useCall('listModelFigures', { hours: 24 }, { every: LOOK_EVERY_MS });
  if (!data || data.items.length === 0) return null;
  return (
    <Surface title={t('theLast24Hours')}>
      <FiguresTable items={data.items} />
    </Surface>
  );
}

function Answers() {
  const [cursors, setCursors] = useState<string[]>(['']);
  const { data, error, isPending } = useCall('listModelAnswers', { limit: PAGE, cursor: cursors.at(-1)! }, { keep: true });
  return (
    <Surface title={t('recentAnswers')}>
      {isPending && <Waiting />}
      {error !== null && <Failed error={error} />}
      {data?.items.length === 0 && (
        <Text size="sm" c="dimmed">
          {t('eachAnswerStandsHere')}
        </Text>
      )}
      {data && data.items.length > 0 && <AnswerTable items={data.items} />}
      <Group justify="flex-end" mt="xs">
        {cursors.length > 1 && (
          <Button size="compact-sm" variant="default" onClick={() => setCursors(cursors.slice(0, -1))}>
            {t('newer')}
          </Button>
        )}
        {data?.next_cursor && (
          <Button size="compact-sm" variant="default" onClick={() => setCursors([...cursors, data.next_cursor!])}>
            {t('older')}
          </Button>
        )}
      </Group>
    </Surface>
  );
}

function AnswerTable({ items }: { items: AnswerObject[] }) {
  return (
    <Table.ScrollContainer minWidth={680}>
      <Table verticalSpacing={6}>
        <Table.Thead>
          <Table.Tr>
            <Table.Th>{t('when')}</Table.Th>
            <Table.Th>{t('model')}</Table.Th>
            <Table.Th>{t('engine')}</Table.Th>
            <Table.Th>{t('tokensInOut')}</Table.Th>
            <Table.Th>{t('firstTokenInAll')}</Table.Th>
            <Table.Th>{t('cost')}</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {items.map((item) => (
            <Table.Tr key={item.id}>
              <Table.Td>{formatAgo(item.at * 1e6)}</Table.Td>
              <Table.Td>
                {item.model}
                {item.route && item.route !== item.model && t('forRoute', { route: item.route })}
              </Table.Td>
              <Table.Td>{item.engine}</Table.Td>
              <Table.Td>
                {item.input_tokens}, {item.output_tokens}
              </Table.Td>
              <Table.Td>
                {item.error ? (
                  <Text size="sm" c="red">
                    {item.error}
                  </Text>
                ) : (
                  `${seconds(item.first_token_s)}, ${seconds(item.latency_s)}`
                )}
              </Table.Td>
              <Table.Td>
                {formatMoney(item.cost, item.currency)}
                {item.cached && t('aRepeat')}
              </Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  );
}
