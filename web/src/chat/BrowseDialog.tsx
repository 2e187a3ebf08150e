// Every public channel, to look at or join, and making a new one.
import { Button, Group, Modal, Stack, Switch, Tabs, Text, TextInput, UnstyledButton } from '@mantine/core';
import { useForm } from '@mantine/form';
import { IconHash } from '@tabler/icons-react';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';

import { slack } from '../api/client';
import { Failed, tellFailure, Waiting } from '../app/parts';
import { t } from '../i18n/text';
import { homeKey } from './cache';
import classes from './chat.module.css';
import { useWorkplace } from './context';
import { useJoin } from './JoinBar';
import type { Channel } from './types';

interface Props {
  opened: boolean;
  onClose: () => void;
  onGo: () => void;
}

export function BrowseDialog({ opened, onClose, onGo }: Props) {
  const done = () => {
    onClose();
    onGo();
  };
  return (
    <Modal opened={opened} onClose={onClose} title={t('channels')} size="md">
      <Tabs defaultValue="browse">
        <Tabs.List grow mb="md">
          <Tabs.Tab value="browse">{t('browse')}</Tabs.Tab>
          <Tabs.Tab value="create">{t('makeANewOne')}</Tabs.Tab>
        </Tabs.List>
        <Tabs.Panel value="browse">
          <Browse done={done} />
        </Tabs.Panel>
        <Tabs.Panel value="create">
          <Create done={done} />
        </Tabs.Panel>
      </Tabs>
    </Modal>
  );
}

function Browse({ done }: { done: () => void }) {
  const { openChannel } = useWorkplace();
  const [search, setSearch] = useState('');
  const join = useJoin();
  const all = useQuery({
    queryKey: ['chat', 'browse'],
    queryFn: () => slack<{ channels: Channel[] }>('conversations.list', { types: 'public_channel', exclude_archived: true, limit: 1000 }),
  });
  if (all.isPending) return <Waiting />;
  if (all.isError) return <Failed error={all.error} retry={() => void all.refetch()} />;
  const found = all.data.channels.filter((channel) => channel.name?.includes(search.trim().toLowerCase().replace(/^#/, '')));
  const go = (channel: Channel) => {
    openChannel(channel.id);
    done();
  };
  return (
    <Stack gap="sm">
      <TextInput placeholder={t('searchChannels')} aria-label={t('searchChannels')} value={search} onChange={(event) => setSearch(event.currentTarget.value)} data-autofocus />
      <div className={classes.choices}>
        {found.map((channel) => (
          <Group key={channel.id} wrap="nowrap" className={classes.choice}>
            <UnstyledButton onClick={() => go(channel)} style={{ flex: 1, minWidth: 0 }}>
              <Group gap={4} wrap="nowrap">
                <IconHash size={16} />
                <Text fw={600} truncate>
                  {channel.name}
                </Text>
              </Group>
              <Text size="xs" c="dimmed" truncate>
                {t('memberCount', { count: channel.num_members ?? 0 })}
                {channel.purpose?.value ? `, ${channel.purpose.value}` : ''}
              </Text>
            </UnstyledButton>
            {channel.is_member ? (
              <Text size="sm" c="dimmed">
                {t('joined')}
              </Text>
            ) : (
              <Button size="compact-sm" variant="light" loading={join.isPending} onClick={() => join.mutate(channel.id, { onSuccess: () => go(channel) })}>
                {t('join')}
              </Button>
            )}
          </Group>
        ))}
        {found.length === 0 && (
          <Text c="dimmed" ta="center" p="md">
            {t('noChannelOfThatNameMake')}
          </Text>
        )}
      </div>
    </Stack>
  );
}

function Create({ done }: { done: () => void }) {
  const { openChannel } = useWorkplace();
  const queries = useQueryClient();
  const form = useForm({
    initialValues: { name: '', isPrivate: false },
    validate: { name: (name) => (name === '' ? t('channelNeedsName') : null) },
  });
  const create = useMutation({
    mutationFn: () => slack<{ channel: Channel }>('conversations.create', { name: form.values.name, is_private: form.values.isPrivate }),
    onSuccess: async ({ channel }) => {
      await queries.invalidateQueries({ queryKey: homeKey });
      openChannel(channel.id);
      done();
    },
    onError: tellFailure,
  });
  return (
    <form onSubmit={form.onSubmit(() => create.mutate())}>
      <Stack>
        <TextInput
          label={t('name')}
          placeholder={t('deliveries')}
          description={t('smallLettersDigitsAnd')}
          leftSection={<IconHash size={16} />}
          maxLength={80}
          required
          {...form.getInputProps('name')}
          onChange={(event) => form.setFieldValue('name', event.currentTarget.value.toLowerCase().replaceAll(' ', '-'))}
        />
        <Switch label={t('private')} description={t('onlyThoseWhoAreInvitedSee')} {...form.getInputProps('isPrivate', { type: 'checkbox' })} />
        <Group justify="flex-end">
          <Button type="submit" loading={create.isPending}>
            {t('makeIt')}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
