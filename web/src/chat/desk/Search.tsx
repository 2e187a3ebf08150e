// Search: messages and files by words and operators, in whatever script they are written.
import { Anchor, Badge, Code, Group, Tabs, Text, TextInput } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { IconSearch } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { useRef } from 'react';
import { useSearchParams } from 'react-router';

import { slack } from '../../api/client';
import { t, type TextKey } from '../../i18n/text';
import classes from '../chat.module.css';
import { useWorkplace } from '../context';
import { Files } from '../Files';
import type { Message, SharedFile } from '../types';
import { useMarks } from './marks';
import { MessageCard } from './MessageCard';
import { Answered, Nothing, View } from './View';

interface Match extends Message {
  channel: { id: string; name: string };
}

interface Found<T> {
  total: number;
  matches: T[];
}

const COUNT = 50;
const PAUSE_MS = 250;
const OPERATORS: [string, TextKey][] = [
  ['from:@name', 'operatorFrom'],
  ['in:#channel', 'operatorIn'],
  ['before:2026-11-01', 'operatorBefore'],
  ['after:2026-10-01', 'operatorAfter'],
  ['has:link', 'operatorHas'],
  ['is:thread', 'operatorThread'],
  ['"two words"', 'operatorQuotes'],
  ['-word', 'operatorMinus'],
];

export function Search() {
  const [params, setParams] = useSearchParams();
  const typed = params.get('q') ?? '';
  const [query] = useDebouncedValue(typed.trim(), PAUSE_MS);
  const found = useQuery({
    queryKey: ['chat', 'search', query],
    queryFn: () => slack<{ messages: Found<Match>; files: Found<SharedFile> }>('search.all', { query, count: COUNT }),
    enabled: query !== '',
    retry: false,
  });
  return (
    <View title={t('search')} icon={<IconSearch size={20} aria-hidden />}>
      <div style={{ maxWidth: 860, margin: '0 auto' }}>
        <TextInput
          leftSection={<IconSearch size={17} />}
          placeholder={t('searchMessages')}
          aria-label={t('searchMessages')}
          value={typed}
          onChange={(event) => setParams({ q: event.currentTarget.value }, { replace: true })}
          autoFocus
          mb="sm"
        />
        {query === '' ? <Operators add={(operator) => setParams({ q: `${typed} ${operator}`.trim() }, { replace: true })} /> : <Answered of={found}>{(data) => <Results query={query} messages={data.messages} files={data.files} />}</Answered>}
      </div>
    </View>
  );
}

function Operators({ add }: { add: (operator: string) => void }) {
  return (
    <section aria-label={t('operators')}>
      <Text size="sm" c="dimmed" mb={6}>
        {t('operatorsAbout')}
      </Text>
      {OPERATORS.map(([operator, key]) => (
        <Group key={operator} gap="sm" mb={4} wrap="nowrap" align="flex-start">
          <Anchor component="button" onClick={() => add(operator)} style={{ flex: 'none', width: 160, textAlign: 'left' }}>
            <Code>{operator}</Code>
          </Anchor>
          <Text size="sm">{t(key)}</Text>
        </Group>
      ))}
    </section>
  );
}

function Results({ query, messages, files }: { query: string; messages: Found<Match>; files: Found<SharedFile> }) {
  const { home } = useWorkplace();
  const isHere = (id: string) => home.channels.some((seat) => seat.channel.id === id);
  const box = useRef<HTMLDivElement>(null);
  useMarks(box, query);
  const count = (total: number) => (
    <Badge size="sm" variant="light" circle={total < 10}>
      {total}
    </Badge>
  );
  return (
    <Tabs ref={box} defaultValue="messages" keepMounted={false}>
      <Tabs.List mb="sm">
        <Tabs.Tab value="messages" rightSection={count(messages.total)}>
          {t('messages')}
        </Tabs.Tab>
        <Tabs.Tab value="files" rightSection={count(files.total)}>
          {t('files')}
        </Tabs.Tab>
      </Tabs.List>
      <Tabs.Panel value="messages">
        {messages.matches.map(({ channel, username: _, ...message }) => (
          <MessageCard key={channel.id + message.ts} channel={channel.id} message={message} place={isHere(channel.id) ? undefined : `#${channel.name}`} />
        ))}
        {messages.total === 0 && <Nothing>{t('nothingFound')}</Nothing>}
      </Tabs.Panel>
      <Tabs.Panel value="files">
        <div className={classes.people}>
          <Files files={files.matches} />
        </div>
        {files.total === 0 && <Nothing>{t('nothingFound')}</Nothing>}
      </Tabs.Panel>
    </Tabs>
  );
}
