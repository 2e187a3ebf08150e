// Urgent messages: who is called must acknowledge; the sender sees who has, and can take it back.
import { Alert, Badge, Button, Checkbox, Group, MultiSelect, Progress, Stack, Text, Textarea, TextInput } from '@mantine/core';
import { IconAlertTriangle, IconCheck, IconUrgent } from '@tabler/icons-react';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';

import { rest } from '../../api/client';
import { tell, tellFailure } from '../../app/parts';
import { Say, t, type TextKey } from '../../i18n/text';
import classes from '../chat.module.css';
import { nameOf, useWorkplace } from '../context';
import { Face } from '../Face';
import { MessageText } from '../Text';
import { fullTime } from '../time';
import type { Message } from '../types';
import { Answered, Nothing, View } from './View';

type Way = 'email' | 'webhook';

interface Receiver {
  user: string;
  acknowledged: number;
  told: { way: 'app' | Way; at: number; error: string }[];
}

interface UrgentMessage {
  id: string;
  channel: string;
  ts: string;
  sender: string;
  text: string;
  sent: number;
  recalled: boolean;
  to: Receiver[];
}

export const urgentKey = ['chat', 'urgent'] as const;
const WAYS: Record<Receiver['told'][number]['way'], TextKey> = { app: 'wayApp', email: 'wayEmail', webhook: 'wayWebhook' };

function useUrgent() {
  return useQuery({ queryKey: urgentKey, queryFn: () => rest.get<{ items: UrgentMessage[] }>('/chat/urgent') });
}

function useUrgentChange(verb: 'acknowledge' | 'recall') {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (id: string) => rest.post(`/chat/urgent/${id}/${verb}`),
    onSuccess: () => queries.invalidateQueries({ queryKey: urgentKey }),
    onError: tellFailure,
  });
}

// Above everything while somebody waits for my word.
export function UrgentBar() {
  const { me, users } = useWorkplace();
  const urgent = useUrgent();
  const acknowledge = useUrgentChange('acknowledge');
  const waiting = (urgent.data?.items ?? []).filter((item) => !item.recalled && item.to.some(({ user, acknowledged }) => user === me.id && acknowledged === 0));
  return waiting.map((item) => (
    <Alert key={item.id} color="red.9" variant="filled" radius={0} p="xs" icon={<IconUrgent size={20} />} role="alert" className={classes.urgentBar}>
      <Group justify="space-between" wrap="nowrap">
        <Text size="sm" lineClamp={2} c="inherit">
          <b>{nameOf(users.get(item.sender))}</b> {item.text}
        </Text>
        <Button size="compact-sm" color="dark" style={{ flex: 'none' }} loading={acknowledge.isPending} onClick={() => acknowledge.mutate(item.id)}>
          {t('acknowledge')}
        </Button>
      </Group>
    </Alert>
  ));
}

export function Urgent() {
  const { ask, home } = useWorkplace();
  const urgent = useUrgent();
  const blank: Message = { ts: '', user: '', text: '' };
  return (
    <View
      title={t('urgent')}
      icon={<IconUrgent size={20} aria-hidden />}
      actions={
        <Button size="compact-sm" color="red.9" onClick={() => ask({ kind: 'urgent', channel: home.team.general, message: blank })}>
          {t('newUrgent')}
        </Button>
      }
    >
      <Answered of={urgent}>
        {({ items }) => (
          <>
            {items.map((item) => (
              <UrgentCard key={item.id} item={item} />
            ))}
            {items.length === 0 && <Nothing>{t('nothingUrgent')}</Nothing>}
          </>
        )}
      </Answered>
    </View>
  );
}

function UrgentCard({ item }: { item: UrgentMessage }) {
  const { me, users } = useWorkplace();
  const recall = useUrgentChange('recall');
  const acknowledge = useUrgentChange('acknowledge');
  const done = item.to.filter(({ acknowledged }) => acknowledged > 0).length;
  const mine = item.to.find(({ user }) => user === me.id);
  return (
    <article className={classes.card} aria-label={t('urgentBy', { name: nameOf(users.get(item.sender)) })}>
      <Group justify="space-between" wrap="nowrap" align="flex-start">
        <Group gap={8}>
          <Face user={users.get(item.sender)} size={26} />
          <Text fw={650}>{nameOf(users.get(item.sender))}</Text>
          <Text size="xs" c="dimmed">
            {fullTime(String(item.sent))}
          </Text>
          {item.recalled && <Badge color="gray">{t('recalled')}</Badge>}
        </Group>
        {item.sender === me.id && !item.recalled && done < item.to.length && (
          <Button size="compact-xs" variant="light" color="red" onClick={() => recall.mutate(item.id)} loading={recall.isPending}>
            {t('recall')}
          </Button>
        )}
        {mine?.acknowledged === 0 && !item.recalled && (
          <Button size="compact-xs" onClick={() => acknowledge.mutate(item.id)} loading={acknowledge.isPending}>
            {t('acknowledge')}
          </Button>
        )}
      </Group>
      <MessageText text={item.text} />
      <Text size="sm" mt={6}>
        {t('acknowledgedCount', { done, count: item.to.length })}
      </Text>
      <Progress value={(100 * done) / item.to.length} size="sm" my={6} aria-label={t('acknowledgedCount', { done, count: item.to.length })} />
      <Stack gap={4} component="ul" m={0} p={0} style={{ listStyle: 'none' }}>
        {item.to.map((receiver) => (
          <ReceiverLine key={receiver.user} receiver={receiver} />
        ))}
      </Stack>
    </article>
  );
}

function ReceiverLine({ receiver }: { receiver: Receiver }) {
  const { users } = useWorkplace();
  return (
    <Group component="li" gap={8}>
      {receiver.acknowledged > 0 ? <IconCheck size={16} color="var(--mantine-color-green-7)" aria-hidden /> : <IconAlertTriangle size={16} color="var(--mantine-color-red-7)" aria-hidden />}
      <Text size="sm" fw={600}>
        {nameOf(users.get(receiver.user))}
      </Text>
      <Text size="sm" c="dimmed">
        {receiver.acknowledged > 0 ? t('acknowledgedAt', { time: fullTime(String(receiver.acknowledged)) }) : t('notAcknowledged')}
      </Text>
      {receiver.told.map(({ way, error }) => (
        <Badge key={way} size="xs" variant="outline" color={error ? 'red' : 'gray'} title={error} tt="none">
          {t(WAYS[way])}
        </Badge>
      ))}
    </Group>
  );
}

const MINUTES = { email: 5, webhook: 10 };

export function UrgentForm({ channel, message, close }: { channel: string; message: Message; close: () => void }) {
  const { home, me } = useWorkplace();
  const queries = useQueryClient();
  const [users, setUsers] = useState<string[]>([]);
  const [text, setText] = useState(message.text);
  const [ways, setWays] = useState<Way[]>(['email']);
  const [url, setUrl] = useState('');
  const send = useMutation({
    mutationFn: () => {
      const steps = ways.map((way) => ({ way, after_s: MINUTES[way] * 60, url: way === 'webhook' ? url : '' }));
      return rest.post('/chat/urgent', { channel, ts: message.ts, text, users, steps });
    },
    onSuccess: () => {
      void queries.invalidateQueries({ queryKey: urgentKey });
      tell(t('urgentSent'));
      close();
    },
    onError: tellFailure,
  });
  const people = home.users.filter((user) => !user.deleted && !user.is_bot && user.id !== me.id);
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        send.mutate();
      }}
    >
      <Stack>
        <Text size="sm" c="dimmed">
          {t('urgentAbout')}
        </Text>
        <MultiSelect label={t('whoMustKnow')} data={people.map((user) => ({ value: user.id, label: nameOf(user) }))} value={users} onChange={setUsers} searchable data-autofocus />
        <Textarea label={t('whatIsUrgent')} autosize minRows={2} value={text} maxLength={2000} onChange={(event) => setText(event.currentTarget.value)} required />
        <Checkbox.Group label={t('ifNoAnswer')} value={ways} onChange={(next) => setWays(next as Way[])}>
          <Stack gap={6} mt={6}>
            <Checkbox value="email" label={t('emailAfter', { count: MINUTES.email })} />
            <Checkbox value="webhook" label={t('webhookAfter', { count: MINUTES.webhook })} />
          </Stack>
        </Checkbox.Group>
        {ways.includes('webhook') && <TextInput label={t('webhookAddress')} type="url" value={url} onChange={(event) => setUrl(event.currentTarget.value)} required />}
        <Group justify="space-between">
          <Text size="sm" c="dimmed">
            <Say text="peopleCalled" values={{ count: <b>{users.length}</b> }} />
          </Text>
          <Button type="submit" color="red.9" disabled={users.length === 0 || text.trim() === ''} loading={send.isPending}>
            {t('sendUrgent')}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
