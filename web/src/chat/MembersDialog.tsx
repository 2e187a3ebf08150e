// Who is in a channel, and bringing others in.
import { Button, Group, Modal, MultiSelect, Stack, Text } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';

import { slack } from '../api/client';
import { Failed, tellFailure, Waiting } from '../app/parts';
import { t } from '../i18n/text';
import { homeKey } from './cache';
import classes from './chat.module.css';
import { nameOf, ownName, useWorkplace } from './context';
import { Face } from './Face';
import type { Channel } from './types';

interface Props {
  channel: Channel;
  canInvite: boolean;
  opened: boolean;
  onClose: () => void;
}

export function MembersDialog({ channel, canInvite, opened, onClose }: Props) {
  return (
    <Modal opened={opened} onClose={onClose} title={t('whoIsIn', { channel: channel.name ?? '' })}>
      <Members channel={channel} canInvite={canInvite} />
    </Modal>
  );
}

function Members({ channel, canInvite }: { channel: Channel; canInvite: boolean }) {
  const { users, me, home } = useWorkplace();
  const queries = useQueryClient();
  const [picked, setPicked] = useState<string[]>([]);
  const members = useQuery({
    queryKey: ['chat', 'members', channel.id],
    queryFn: () => slack<{ members: string[] }>('conversations.members', { channel: channel.id, limit: 1000 }),
  });
  const invite = useMutation({
    mutationFn: () => slack('conversations.invite', { channel: channel.id, users: picked.join(',') }),
    onSuccess: () => {
      setPicked([]);
      void queries.invalidateQueries({ queryKey: ['chat', 'members', channel.id] });
      void queries.invalidateQueries({ queryKey: homeKey });
    },
    onError: tellFailure,
  });
  if (members.isPending) return <Waiting />;
  if (members.isError) return <Failed error={members.error} retry={() => void members.refetch()} />;
  const ids = members.data.members;
  const others = home.users.filter((user) => !ids.includes(user.id) && !user.deleted);
  return (
    <Stack>
      {canInvite && others.length > 0 && (
        <Group align="flex-end" wrap="nowrap">
          <MultiSelect
            label={t('addPeople')}
            placeholder={picked.length === 0 ? t('name') : ''}
            data={others.map((user) => ({ value: user.id, label: nameOf(user) }))}
            value={picked}
            onChange={setPicked}
            searchable
            style={{ flex: 1 }}
          />
          <Button onClick={() => invite.mutate()} disabled={picked.length === 0} loading={invite.isPending}>
            {t('add')}
          </Button>
        </Group>
      )}
      <div className={classes.choices}>
        <Stack gap={8} component="ul" p={0} m={0} style={{ listStyle: 'none' }}>
          {ids.map((id) => (
            <Group key={id} gap="sm" component="li" wrap="nowrap">
              <Face user={users.get(id)} size={30} />
              <Text truncate>
                {ownName(users.get(id), id, me.id)}
              </Text>
              <Text size="sm" c="dimmed" truncate>
                @{users.get(id)?.name}
              </Text>
            </Group>
          ))}
        </Stack>
      </div>
    </Stack>
  );
}
