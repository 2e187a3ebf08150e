// Sending at a time of one's choice, and what waits to be sent.
import { ActionIcon, Anchor, Button, Group, Menu, Modal, Stack, Text, TextInput, Title, Tooltip } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { IconClock, IconTrash } from '@tabler/icons-react';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { Link } from 'react-router';

import { slack } from '../../api/client';
import { tell, tellFailure } from '../../app/parts';
import { t } from '../../i18n/text';
import classes from '../chat.module.css';
import { fullTime } from '../time';
import { usePlaceName } from './MessageCard';
import { timesFrom } from './moments';

interface Scheduled {
  id: string;
  channel_id: string;
  post_at: number;
  text: string;
}

const scheduledKey = ['chat', 'scheduled'] as const;

export function SendLater({ isReady, send }: { isReady: boolean; send: (postAt: number) => Promise<unknown> }) {
  const queries = useQueryClient();
  const [opened, { open, close }] = useDisclosure();
  const [at, setAt] = useState('');
  const schedule = (date: Date) => {
    const keep = async () => {
      await send(Math.floor(date.getTime() / 1000));
      await queries.invalidateQueries({ queryKey: scheduledKey });
      close();
      tell(t('willBeSent', { time: fullTime(String(date.getTime() / 1000)) }));
    };
    keep().catch(tellFailure);
  };
  return (
    <>
      <Menu position="top-end" withinPortal>
        <Menu.Target>
          <Tooltip label={t('sendLater')}>
            <ActionIcon variant="subtle" color="gray" disabled={!isReady} aria-label={t('sendLater')}>
              <IconClock size={17} />
            </ActionIcon>
          </Tooltip>
        </Menu.Target>
        <Menu.Dropdown>
          {timesFrom(new Date()).map(([key, date]) => (
            <Menu.Item key={key} onClick={() => schedule(date)}>
              {t(key)}
            </Menu.Item>
          ))}
          <Menu.Item onClick={open}>{t('ownTime')}</Menu.Item>
        </Menu.Dropdown>
      </Menu>
      <Modal opened={opened} onClose={close} title={t('sendLater')}>
        <form
          onSubmit={(event) => {
            event.preventDefault();
            schedule(new Date(at));
          }}
        >
          <TextInput type="datetime-local" label={t('when')} value={at} onChange={(event) => setAt(event.currentTarget.value)} required data-autofocus />
          <Group justify="flex-end" mt="md">
            <Button type="submit">{t('sendLater')}</Button>
          </Group>
        </form>
      </Modal>
    </>
  );
}

// What waits to be sent, below the drafts.
export function ScheduledList() {
  const queries = useQueryClient();
  const placeName = usePlaceName();
  const scheduled = useQuery({ queryKey: scheduledKey, queryFn: () => slack<{ scheduled_messages: Scheduled[] }>('chat.scheduledMessages.list', { limit: 100 }) });
  const items = scheduled.data?.scheduled_messages ?? [];
  if (items.length === 0) return null;
  const remove = async (item: Scheduled) => {
    await slack('chat.deleteScheduledMessage', { channel: item.channel_id, scheduled_message_id: item.id });
    await queries.invalidateQueries({ queryKey: scheduledKey });
  };
  return (
    <Stack gap={0} component="section" aria-label={t('scheduled')}>
      <Title order={2} fz={15} my="sm" maw={860} w="100%" mx="auto">
        {t('scheduled')}
      </Title>
      {items.map((item) => (
        <article key={item.id} className={classes.card} style={{ width: '100%' }}>
          <Group justify="space-between" wrap="nowrap">
            <Group gap={8}>
              <Anchor component={Link} to={`/chat/${item.channel_id}`} fw={600} size="sm">
                {placeName(item.channel_id)}
              </Anchor>
              <Text size="xs" c="dimmed">
                {fullTime(String(item.post_at))}
              </Text>
            </Group>
            <ActionIcon variant="subtle" color="gray" onClick={() => void remove(item).catch(tellFailure)} aria-label={t('doNotSend')}>
              <IconTrash size={16} />
            </ActionIcon>
          </Group>
          <Text size="sm" lineClamp={3}>
            {item.text}
          </Text>
        </article>
      ))}
    </Stack>
  );
}
