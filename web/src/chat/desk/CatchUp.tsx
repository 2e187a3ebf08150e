// Everything unread in one list, channel by channel: read it here, and it is read everywhere.
import { Anchor, Button, Group, Text } from '@mantine/core';
import { IconCheck, IconChecks, IconInbox } from '@tabler/icons-react';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { Link } from 'react-router';

import { rest, slack } from '../../api/client';
import { tellFailure } from '../../app/parts';
import { t } from '../../i18n/text';
import { homeKey, markRead } from '../cache';
import classes from '../chat.module.css';
import type { Message } from '../types';
import { MessageCard, usePlaceName } from './MessageCard';
import { Answered, Nothing, View } from './View';

interface Unread {
  channel: string;
  messages: Message[];
  more: boolean;
}

const unreadKey = ['chat', 'unread'] as const;

export function CatchUp() {
  const queries = useQueryClient();
  const unread = useQuery({ queryKey: unreadKey, queryFn: () => rest.get<{ channels: Unread[] }>('/chat/unread') });
  const readAll = async () => {
    await rest.post('/chat/unread/read');
    await Promise.all([unreadKey, homeKey, ['chat', 'desk']].map((queryKey) => queries.invalidateQueries({ queryKey })));
  };
  const isEmpty = unread.data?.channels.length === 0;
  return (
    <View
      title={t('catchUp')}
      icon={<IconInbox size={20} aria-hidden />}
      actions={
        !isEmpty && (
          <Button size="compact-sm" variant="light" leftSection={<IconChecks size={16} />} onClick={() => void readAll().catch(tellFailure)}>
            {t('markAllRead')}
          </Button>
        )
      }
    >
      <Answered of={unread}>
        {({ channels }) => (
          <>
            {channels.map((item) => (
              <UnreadChannel key={item.channel} item={item} />
            ))}
            {channels.length === 0 && <Nothing>{t('allRead')}</Nothing>}
          </>
        )}
      </Answered>
    </View>
  );
}

function UnreadChannel({ item }: { item: Unread }) {
  const queries = useQueryClient();
  const placeName = usePlaceName();
  const newest = item.messages.at(-1)!;
  const done = async () => {
    markRead(queries, item.channel, newest.ts, 0);
    await slack('conversations.mark', { channel: item.channel, ts: newest.ts });
    await queries.invalidateQueries({ queryKey: unreadKey });
  };
  return (
    <section className={classes.unreadChannel} aria-label={placeName(item.channel)}>
      <Group justify="space-between" mb={6} wrap="nowrap">
        <Anchor component={Link} to={`/chat/${item.channel}`} fw={650} truncate>
          {placeName(item.channel)}
        </Anchor>
        <Button size="compact-xs" variant="subtle" leftSection={<IconCheck size={14} />} onClick={() => void done().catch(tellFailure)}>
          {t('markRead')}
        </Button>
      </Group>
      {item.messages.map((message) => (
        <MessageCard key={message.ts} channel={item.channel} message={message} />
      ))}
      {item.more && (
        <Text size="sm" c="dimmed" mt={4}>
          {t('moreInChannel')}
        </Text>
      )}
    </section>
  );
}
