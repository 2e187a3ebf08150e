// A message away from its channel: where it stands, who wrote it, what; pressing it leads there.
import { Anchor, Group, Text } from '@mantine/core';
import type { ReactNode } from 'react';
import { Link } from 'react-router';

import classes from '../chat.module.css';
import { channelName, nameOf, useWorkplace } from '../context';
import { Face } from '../Face';
import { Content } from '../MessageRow';
import { clockTime, dayName } from '../time';
import { isReplyOnly, type Channel, type Message } from '../types';

export function pathOf(channel: string, message: Message): string {
  const thread = isReplyOnly(message) ? `&thread=${message.thread_ts}` : '';
  return `/chat/${channel}?at=${message.ts}${thread}`;
}

export function usePlaceName(): (channel: string | Channel) => string {
  const { home, users, me } = useWorkplace();
  return (channel) => {
    const found = typeof channel === 'string' ? home.channels.find((seat) => seat.channel.id === channel)?.channel : channel;
    if (found === undefined) return typeof channel === 'string' ? channel : channel.id;
    const name = channelName(found, users, me.id);
    return found.is_im || found.is_mpim ? name : `#${name}`;
  };
}

export function MessageCard({ channel, message, note, actions, place }: { channel: string; message: Message; note?: ReactNode; actions?: ReactNode; place?: string | undefined }) {
  const { users } = useWorkplace();
  const placeName = usePlaceName();
  const author = users.get(message.user);
  return (
    <article className={classes.card}>
      <Group justify="space-between" wrap="nowrap" gap="xs">
        <Group gap={8} wrap="nowrap" style={{ minWidth: 0 }}>
          <Anchor component={Link} to={pathOf(channel, message)} size="sm" fw={600} truncate>
            {place ?? placeName(channel)}
          </Anchor>
          <Text size="xs" c="dimmed" style={{ flex: 'none' }}>
            {dayName(message.ts)} {clockTime(message.ts)}
          </Text>
        </Group>
        <Group gap={4} wrap="nowrap">
          {note}
          {actions}
        </Group>
      </Group>
      <Group align="flex-start" wrap="nowrap" gap={10} mt={6}>
        <Face user={author} size={28} />
        <div style={{ minWidth: 0, flex: 1 }}>
          <Text fw={650} size="sm">
            {message.username || nameOf(author)}
          </Text>
          <Content message={message} />
        </div>
      </Group>
    </article>
  );
}
