// Changing one's own message in its place.
import { Button, Group, Text, Textarea } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState, type KeyboardEvent } from 'react';

import { slack } from '../api/client';
import { tellFailure } from '../app/parts';
import { t } from '../i18n/text';
import { changeMessage } from './cache';
import { useWorkplace } from './context';
import { toMessageText, toTyped } from './mrkdwn';
import type { Message } from './types';

export function EditBox({ channel, message, close }: { channel: string; message: Message; close: () => void }) {
  const { home } = useWorkplace();
  const queries = useQueryClient();
  const names = { users: home.users, channels: home.channels.map((seat) => seat.channel) };
  const [text, setText] = useState(() => toTyped(message.text, names));
  const save = useMutation({
    mutationFn: () => slack<{ message: Message }>('chat.update', { channel, ts: message.ts, text: toMessageText(text.trim(), names) }),
    onSuccess: (answer) => {
      changeMessage(queries, channel, answer.message);
      close();
    },
    onError: tellFailure,
  });
  const isReady = text.trim() !== '' && !save.isPending;
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.nativeEvent.isComposing) return;
    if (event.key === 'Escape') {
      event.stopPropagation();
      close();
    }
    if (event.key !== 'Enter' || event.shiftKey) return;
    event.preventDefault();
    if (isReady) save.mutate();
  };
  return (
    <div>
      <Textarea
        aria-label={t('editTheMessage')}
        autosize
        maxRows={12}
        autoFocus
        onFocus={(event) => event.currentTarget.setSelectionRange(text.length, text.length)}
        value={text}
        onChange={(event) => setText(event.currentTarget.value)}
        onKeyDown={onKeyDown}
      />
      <Group gap="xs" mt={6}>
        <Button size="compact-sm" onClick={() => save.mutate()} disabled={!isReady} loading={save.isPending}>
          {t('save')}
        </Button>
        <Button size="compact-sm" variant="default" onClick={close}>
          {t('cancel')}
        </Button>
        <Text size="xs" c="dimmed">
          {t('enterSavesEscCancels')}
        </Text>
      </Group>
    </div>
  );
}
