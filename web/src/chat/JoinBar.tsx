// Below a public channel that one reads without being in it.
import { Button, Group, Text } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';

import { slack } from '../api/client';
import { tellFailure } from '../app/parts';
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
        You are looking at <b>#{channel.name}</b>.
      </Text>
      <Button onClick={() => join.mutate(channel.id)} loading={join.isPending}>
        Join the channel
      </Button>
    </Group>
  );
}
