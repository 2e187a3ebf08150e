// What is set for a channel: topic, purpose, notices, how long messages stay, legal hold, archive, export.
import { Alert, Button, Group, Modal, NumberInput, Stack, Switch, Text, TextInput, Title } from '@mantine/core';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';

import { rest, slack } from '../../api/client';
import { tell, tellFailure } from '../../app/parts';
import { t } from '../../i18n/text';
import { homeKey } from '../cache';
import { nameOf, useWorkplace } from '../context';
import { fullTime } from '../time';
import type { Channel, HistoryPage, Message } from '../types';
import { useSetPreferences } from './desk';

interface Rules {
  retention_days: number;
  held: boolean;
  held_at: number;
  held_by: string;
  held_why: string;
}

export function ChannelSettings({ channel, opened, onClose }: { channel: Channel; opened: boolean; onClose: () => void }) {
  return (
    <Modal opened={opened} onClose={onClose} title={t('channelSettings', { channel: channel.name ?? '' })} size="lg">
      <Stack gap="lg">
        <Words channel={channel} />
        <OwnNotices channel={channel} />
        <Records channel={channel} />
        <Exits channel={channel} close={onClose} />
      </Stack>
    </Modal>
  );
}

function Words({ channel }: { channel: Channel }) {
  const queries = useQueryClient();
  const [topic, setTopic] = useState(channel.topic?.value ?? '');
  const [purpose, setPurpose] = useState(channel.purpose?.value ?? '');
  const save = async () => {
    if (topic !== channel.topic?.value) await slack('conversations.setTopic', { channel: channel.id, topic: topic.trim() });
    if (purpose !== channel.purpose?.value) await slack('conversations.setPurpose', { channel: channel.id, purpose: purpose.trim() });
    await queries.invalidateQueries({ queryKey: homeKey });
    tell(t('saved'));
  };
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        save().catch(tellFailure);
      }}
    >
      <Stack gap="xs">
        <TextInput label={t('topic')} value={topic} onChange={(event) => setTopic(event.currentTarget.value)} maxLength={250} placeholder={t('whatThisChannelIsBusyWith')} data-autofocus />
        <TextInput label={t('purpose')} value={purpose} onChange={(event) => setPurpose(event.currentTarget.value)} maxLength={250} />
        <Group justify="flex-end">
          <Button type="submit" size="xs">
            {t('save')}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}

function OwnNotices({ channel }: { channel: Channel }) {
  const { desk } = useWorkplace();
  const set = useSetPreferences();
  const { muted } = desk.preferences;
  const isMuted = muted.includes(channel.id);
  return <Switch label={t('muteChannel')} description={t('muteAbout')} checked={isMuted} onChange={() => void set({ muted: isMuted ? muted.filter((id) => id !== channel.id) : [...muted, channel.id] })} />;
}

function Records({ channel }: { channel: Channel }) {
  const { me, users } = useWorkplace();
  const queries = useQueryClient();
  const queryKey = ['chat', 'rules', channel.id];
  const rules = useQuery({ queryKey, queryFn: () => rest.get<Rules>(`/chat/channels/${channel.id}/rules`) });
  const [why, setWhy] = useState('');
  const [days, setDays] = useState<number | string>('');
  const change = (path: string, body: Record<string, unknown>) => {
    rest.put<Rules>(`/chat/channels/${channel.id}/${path}`, { channel: channel.id, ...body }).then((next) => queries.setQueryData(queryKey, next), tellFailure);
  };
  if (!rules.data) return null;
  const { retention_days, held, held_at, held_by, held_why } = rules.data;
  return (
    <section aria-label={t('records')}>
      <Title order={3} fz={15} mb={6}>
        {t('records')}
      </Title>
      {held && (
        <Alert color="yellow" mb="sm" title={t('onHold')}>
          {t('heldSince', { time: fullTime(String(held_at)), name: nameOf(users.get(held_by)), why: held_why })}
        </Alert>
      )}
      <Text size="sm">{retention_days === 0 ? t('keptForEver') : t('keptDays', { count: retention_days })}</Text>
      {me.is_admin && (
        <Stack gap="xs" mt="xs">
          <Group align="flex-end">
            <NumberInput label={t('keepDays')} description={t('zeroForEver')} min={0} max={3650} value={days === '' ? retention_days : days} onChange={setDays} disabled={held} />
            <Button variant="default" disabled={held || days === ''} onClick={() => change('retention', { days: Number(days) })}>
              {t('save')}
            </Button>
          </Group>
          <Group align="flex-end">
            {!held && <TextInput label={t('whyHold')} value={why} onChange={(event) => setWhy(event.currentTarget.value)} maxLength={500} style={{ flex: 1 }} />}
            <Button variant="default" color="red" disabled={!held && why.trim() === ''} onClick={() => change('hold', { held: !held, why })}>
              {held ? t('releaseHold') : t('putOnHold')}
            </Button>
          </Group>
        </Stack>
      )}
    </section>
  );
}

const EXPORT_PAGE = 900;

// Every message of the channel as the caller may read it, the oldest first, as Slack's JSON.
async function exportChannel(channel: Channel): Promise<void> {
  const messages: Message[] = [];
  for (let cursor = ''; ; ) {
    const page = await slack<HistoryPage>('conversations.history', { channel: channel.id, limit: EXPORT_PAGE, ...(cursor ? { cursor } : {}) });
    messages.push(...page.messages);
    cursor = page.has_more ? (page.response_metadata?.next_cursor ?? '') : '';
    if (cursor === '') break;
  }
  const blob = new Blob([JSON.stringify(messages.reverse(), null, 1)], { type: 'application/json' });
  const link = document.createElement('a');
  link.href = URL.createObjectURL(blob);
  link.download = `${channel.name ?? channel.id}.json`;
  link.click();
  URL.revokeObjectURL(link.href);
}

function Exits({ channel, close }: { channel: Channel; close: () => void }) {
  const { openChannel, home } = useWorkplace();
  const queries = useQueryClient();
  const archive = async () => {
    await slack('conversations.archive', { channel: channel.id });
    close();
    openChannel(home.team.general);
    await queries.invalidateQueries({ queryKey: homeKey });
    tell(t('archived', { channel: channel.name ?? '' }));
  };
  return (
    <Group justify="space-between">
      <Button variant="default" onClick={() => void exportChannel(channel).catch(tellFailure)}>
        {t('exportChannel')}
      </Button>
      <Button variant="light" color="red.9" disabled={channel.is_general ?? false} onClick={() => void archive().catch(tellFailure)}>
        {t('archiveChannel')}
      </Button>
    </Group>
  );
}
