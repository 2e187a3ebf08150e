// What one asks of a message in a window of its own: who has read it, what it said before, sending it on,
// being reminded of it.
import { Button, Group, Modal, Select, Stack, Text, Textarea } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';

import { rest, slack } from '../../api/client';
import { tell, tellFailure } from '../../app/parts';
import { t, type TextKey } from '../../i18n/text';
import classes from '../chat.module.css';
import { nameOf, useWorkplace, type Question } from '../context';
import { Face } from '../Face';
import { MessageText } from '../Text';
import { fullTime } from '../time';
import { isLater } from '../types';
import { MakeTask } from './MakeTask';
import { usePlaceName } from './MessageCard';
import { timesFrom } from './moments';
import { UrgentForm } from './Urgent';
import { Answered } from './View';

const TITLES: Record<Question['kind'], TextKey> = { readers: 'whoHasRead', history: 'whatItSaid', forward: 'forward', remind: 'remindMe', task: 'makeTask', urgent: 'makeUrgent' };

export function Dialogs({ question, close }: { question: Question | null; close: () => void }) {
  return (
    <Modal opened={question !== null} onClose={close} title={question && t(TITLES[question.kind])}>
      {question?.kind === 'readers' && <Readers question={question} />}
      {question?.kind === 'history' && <History question={question} />}
      {question?.kind === 'forward' && <Forward question={question} close={close} />}
      {question?.kind === 'remind' && <Remind question={question} close={close} />}
      {question?.kind === 'task' && <MakeTask question={question} close={close} />}
      {question?.kind === 'urgent' && <UrgentForm channel={question.channel} message={question.message} close={close} />}
    </Modal>
  );
}

interface Reader {
  user: string;
  last_read: string;
}

function Readers({ question: { channel, message } }: { question: Question }) {
  const readers = useQuery({ queryKey: ['chat', 'readers', channel], queryFn: () => rest.get<{ readers: Reader[] }>(`/chat/channels/${channel}/readers`) });
  return (
    <Answered of={readers}>
      {(data) => {
        const others = data.readers.filter(({ user }) => user !== message.user);
        const read = others.filter(({ last_read }) => !isLater(message.ts, last_read));
        return (
          <Stack gap="md">
            <Text fw={600}>{t('readByCount', { read: read.length, count: others.length })}</Text>
            <People title={t('haveRead')} ids={read.map(({ user }) => user)} />
            <People title={t('haveNotRead')} ids={others.filter((item) => !read.includes(item)).map(({ user }) => user)} />
          </Stack>
        );
      }}
    </Answered>
  );
}

function People({ title, ids }: { title: string; ids: string[] }) {
  const { users } = useWorkplace();
  if (ids.length === 0) return null;
  return (
    <section aria-label={title}>
      <Text size="sm" c="dimmed" mb={4}>
        {title}
      </Text>
      <Stack gap={6}>
        {ids.map((id) => (
          <Group key={id} gap="sm" wrap="nowrap">
            <Face user={users.get(id)} size={26} />
            <Text truncate>{nameOf(users.get(id), id)}</Text>
          </Group>
        ))}
      </Stack>
    </section>
  );
}

interface Revision {
  at: number;
  user: string;
  text: string;
}

function History({ question: { channel, message } }: { question: Question }) {
  const revisions = useQuery({
    queryKey: ['chat', 'revisions', channel, message.ts, message.edited?.ts],
    queryFn: () => rest.get<{ revisions: Revision[] }>(`/chat/channels/${channel}/messages/${message.ts}/revisions`),
  });
  return (
    <Answered of={revisions}>
      {(data) => (
        <Stack gap="sm">
          <Version title={t('now')} text={message.text} />
          {data.revisions.map((item) => (
            <Version key={item.at} title={t('until', { time: fullTime(String(item.at)) })} text={item.text} />
          ))}
        </Stack>
      )}
    </Answered>
  );
}

function Version({ title, text }: { title: string; text: string }) {
  return (
    <section className={classes.card} style={{ margin: 0 }} aria-label={title}>
      <Text size="xs" c="dimmed">
        {title}
      </Text>
      <MessageText text={text} />
    </section>
  );
}

function Forward({ question: { channel, message }, close }: { question: Question; close: () => void }) {
  const { home, outbox } = useWorkplace();
  const placeName = usePlaceName();
  const [to, setTo] = useState<string | null>(null);
  const [words, setWords] = useState('');
  const send = async () => {
    const { permalink } = await slack<{ permalink: string }>('chat.getPermalink', { channel, message_ts: message.ts });
    const quoted = message.text
      .split('\n')
      .map((line) => `&gt; ${line}`)
      .join('\n');
    outbox.post(to!, null, `${words.trim() ? `${words.trim()}\n` : ''}${quoted}\n<${permalink}|${t('fromPlace', { place: placeName(channel) })}>`);
    close();
    tell(t('forwarded', { place: placeName(to!) }));
  };
  return (
    <Stack>
      <Select label={t('whereTo')} searchable data-autofocus value={to} onChange={setTo} data={home.channels.map((seat) => ({ value: seat.channel.id, label: placeName(seat.channel) }))} />
      <Textarea label={t('yourWords')} autosize minRows={2} value={words} onChange={(event) => setWords(event.currentTarget.value)} />
      <Group justify="flex-end">
        <Button disabled={to === null} onClick={() => void send().catch(tellFailure)}>
          {t('forward')}
        </Button>
      </Group>
    </Stack>
  );
}

function Remind({ question: { channel, message }, close }: { question: Question; close: () => void }) {
  const { users } = useWorkplace();
  const remind = async (at: Date) => {
    const { permalink } = await slack<{ permalink: string }>('chat.getPermalink', { channel, message_ts: message.ts });
    const text = `<${permalink}|${t('messageOf', { name: nameOf(users.get(message.user)) })}>: ${message.text.slice(0, 200)}`;
    await slack('reminders.add', { text, time: Math.floor(at.getTime() / 1000) });
    close();
    tell(t('willRemind', { time: fullTime(String(at.getTime() / 1000)) }));
  };
  return (
    <Stack gap={6}>
      {timesFrom(new Date()).map(([key, at]) => (
        <Button key={key} variant="default" justify="space-between" onClick={() => void remind(at).catch(tellFailure)} rightSection={<Text size="xs">{fullTime(String(at.getTime() / 1000))}</Text>}>
          {t(key)}
        </Button>
      ))}
    </Stack>
  );
}
