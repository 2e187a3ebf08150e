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
import { FiguresTable, seconds } from './Routes';

const SCOPES = [
  { value: 'account', label: 'This account' },
  { value: 'project', label: 'A project' },
  { value: 'person', label: 'A person' },
  { value: 'key', label: 'An API key' },
];
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
      Set a limit
    </Button>
  );
  return (
    <Surface title="Limits and budgets" aside={aside}>
      {isPending && <Waiting />}
      {error !== null && <Failed error={error} />}
      {data?.items.length === 0 && (
        <Text size="sm" c="dimmed">
          Nobody is limited. A limit holds an answer’s highest price before it is served, so a budget is never passed.
        </Text>
      )}
      {data && data.items.length > 0 && (
        <Table.ScrollContainer minWidth={640}>
          <Table verticalSpacing={8}>
            <Table.Thead>
              <Table.Tr>
                <Table.Th>Whose</Table.Th>
                <Table.Th>A minute</Table.Th>
                <Table.Th>Today</Table.Th>
                <Table.Th>This month</Table.Th>
                <Table.Th>
                  <VisuallyHidden>Actions</VisuallyHidden>
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
  const remove = useChange('deleteModelLimit', { reads: ['listModelLimits'], done: 'The limit is lifted.' });
  const perMinute = [item.requests_per_minute && `${item.requests_per_minute} requests`, item.tokens_per_minute && `${item.tokens_per_minute} tokens`];
  return (
    <Table.Tr>
      <Table.Td>
        <Badge variant="light">{item.scope}</Badge> {item.subject}
      </Table.Td>
      <Table.Td>{perMinute.filter(Boolean).join(', ') || 'any'}</Table.Td>
      <Table.Td>
        <Spent spent={item.day_spent} budget={item.day_budget} currency={item.currency} />
      </Table.Td>
      <Table.Td>
        <Spent spent={item.month_spent} budget={item.month_budget} currency={item.currency} />
      </Table.Td>
      <Table.Td ta="right">
        <ActionIcon variant="subtle" color="gray" aria-label={`Lift the limit of ${item.subject}`} onClick={() => remove.mutate({ scope: item.scope, subject: item.subject })}>
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
        {formatMoney(spent, currency)} of {formatMoney(budget, currency)}
      </Text>
      <Progress value={percent} color={percent > 90 ? 'red' : 'volano'} aria-label={`${Math.round(percent)} % is spent`} />
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
    <FormDialog title="Set a limit" yes="Set" onClose={onClose} submit={submit} busy={put.isPending}>
      <Select label="For" data={SCOPES} value={scope} onChange={(value) => value && setScope(value)} allowDeselect={false} />
      <TextInput label="Name or id" required disabled={scope === 'account'} value={subject} onChange={(event) => setSubject(event.currentTarget.value)} />
      <Group grow>
        <NumberInput label="Requests a minute" min={0} value={requests} onChange={(given) => typeof given === 'number' && setRequests(given)} />
        <NumberInput label="Tokens a minute" min={0} value={tokens} onChange={(given) => typeof given === 'number' && setTokens(given)} />
      </Group>
      <Group grow>
        <TextInput label="Money a day" value={day} onChange={(event) => setDay(event.currentTarget.value)} />
        <TextInput label="Money a month" value={month} onChange={(event) => setMonth(event.currentTarget.value)} />
      </Group>
      <Text size="xs" c="dimmed">
        0 is no limit.
      </Text>
    </FormDialog>
  );
}

function Lately() {
  const { data } = useCall('listModelFigures', { hours: 24 }, { every: LOOK_EVERY_MS });
  if (!data || data.items.length === 0) return null;
  return (
    <Surface title="The last 24 hours">
      <FiguresTable items={data.items} />
    </Surface>
  );
}

function Answers() {
  const [cursors, setCursors] = useState<string[]>(['']);
  const { data, error, isPending } = useCall('listModelAnswers', { limit: PAGE, cursor: cursors.at(-1)! }, { keep: true });
  return (
    <Surface title="Answers">
      {isPending && <Waiting />}
      {error !== null && <Failed error={error} />}
      {data?.items.length === 0 && (
        <Text size="sm" c="dimmed">
          Each answer stands here with its model, engine, speed and price. Texts are not kept.
        </Text>
      )}
      {data && data.items.length > 0 && <AnswerTable items={data.items} />}
      <Group justify="flex-end" mt="xs">
        {cursors.length > 1 && (
          <Button size="compact-sm" variant="default" onClick={() => setCursors(cursors.slice(0, -1))}>
            Newer
          </Button>
        )}
        {data?.next_cursor && (
          <Button size="compact-sm" variant="default" onClick={() => setCursors([...cursors, data.next_cursor!])}>
            Older
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
            <Table.Th>When</Table.Th>
            <Table.Th>Model</Table.Th>
            <Table.Th>Engine</Table.Th>
            <Table.Th>Tokens in, out</Table.Th>
            <Table.Th>First token, in all</Table.Th>
            <Table.Th>Cost</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {items.map((item) => (
            <Table.Tr key={item.id}>
              <Table.Td>{formatAgo(item.at * 1e6)}</Table.Td>
              <Table.Td>
                {item.model}
                {item.route && item.route !== item.model && ` for ${item.route}`}
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
                {item.cached && ' (a repeat)'}
              </Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  );
}
