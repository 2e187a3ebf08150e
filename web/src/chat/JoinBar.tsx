// Below a public channel that one reads without being in it.
import { Button, Group, Text } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';

import { slack } from '../api/client';
import { tellFailure } from '../app/parts';
import { Say, t } from '../i18n/text';
import { homeKey } from './cache';
import classes from './chat.module.css';
import type { Channel } from './types';

export function useJoin() {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (channel: string) => slack('conversations.join', { channel }),
    onSuccess: () => queries.invalidateQueries({ queryKey: homeKey }),
    onError: tellFailure,
  });
}

export function JoinBar({ channel }: { channel: Channel }) {
  const join = useJoin();
  return (
    <Group className={classes.joinBar} justify="space-between">
      <Text size="sm">
        <Say text="lookingAt" values={{ channel: <b>#{channel.name}</b> }} />
      </Text>
      <Button onClick={() => join.mutate(channel.id)} loading={join.isPending}>
        {t('joinTheChannel')}
      </Button>
    </Group>
  );
}
