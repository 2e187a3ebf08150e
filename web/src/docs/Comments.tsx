// Remarks on a document, on the passage that is selected or on the whole.
import { Anchor, Blockquote, Button, Group, Stack, Text, Textarea } from '@mantine/core';
import { useState } from 'react';

import { useCall, useChange, type Operation } from '../api/call';
import { formatAgo } from '../app/format';
import { Surface } from '../app/parts';
import { t } from '../i18n/text';
import { usePeople } from '../office/people';

const READS: Operation[] = ['listDocumentComments'];
const EVERY_MS = 15_000;

export function Comments({ id, quote, canEdit }: { id: string; quote: string; canEdit: boolean }) {
  const { me, nameOf } = usePeople();
  const found = useCall('listDocumentComments', { id }, { every: EVERY_MS }).data?.items ?? [];
  const [text, setText] = useState('');
  const [showsDone, setShowsDone] = useState(false);
  const add = useChange('commentDocument', { reads: READS });
  const resolve = useChange('resolveDocumentComment', { reads: READS });
  const shown = found.filter((item) => showsDone || !item.resolved);
  const done = found.filter((item) => item.resolved).length;
  return (
    <Surface title={t('comments')}>
      <Stack gap="sm">
        {shown.map((item) => (
          <div key={item.id}>
            {item.quote && (
              <Blockquote p="xs" mb={4}>
                <Text size="sm">{item.quote}</Text>
              </Blockquote>
            )}
            <Text size="sm" style={{ whiteSpace: 'pre-wrap' }}>
              <b>{nameOf(item.user)}</b> {item.text}
            </Text>
            <Group gap="sm">
              <Text size="xs" c="dimmed">
                {formatAgo(item.created_us)}
              </Text>
              {(canEdit || item.user === me) && (
                <Anchor component="button" size="xs" onClick={() => resolve.mutate({ id, comment: item.id, resolved: !item.resolved })}>
                  {t(item.resolved ? 'openAgain' : 'resolve')}
                </Anchor>
              )}
            </Group>
          </div>
        ))}
        {done > 0 && (
          <Anchor component="button" size="xs" ta="left" onClick={() => setShowsDone(!showsDone)}>
            {showsDone ? t('hideResolved') : t('showResolved', { count: done })}
          </Anchor>
        )}
        <Textarea label={quote.trim() ? t('commentOn', { quote: quote.trim().slice(0, 60) }) : t('commentOnDocument')} autosize minRows={1} value={text} onChange={(event) => setText(event.currentTarget.value)} />
        <Group>
          <Button size="compact-sm" variant="light" disabled={!text.trim()} loading={add.isPending} onClick={() => add.mutate({ id, text, quote: quote.trim() }, { onSuccess: () => setText('') })}>
            {t('comment')}
          </Button>
        </Group>
      </Stack>
    </Surface>
  );
}
