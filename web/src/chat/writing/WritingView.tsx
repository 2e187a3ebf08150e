// A summary, an explanation, a draft or the items of a conversation, in a window of its own.
import { Alert, Anchor, Button, Group, Modal, Stack, Text, Textarea } from '@mantine/core';
import { IconInfoCircle } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';

import { tell } from '../../app/parts';
import { getLanguage, t, type TextKey } from '../../i18n/text';
import { useWorkplace } from '../context';
import { Answered, Nothing } from '../desk/View';
import { MessageText } from '../Text';
import { ItemsForm } from './ItemsForm';
import { draftReply, explain, findItems, summarize, type Source, type Written } from './writing';

export type Kind = 'summary' | 'explanation' | 'draft' | 'items';

export interface Wanted {
  kind: Kind;
  channel: string;
  thread?: string | undefined; // of a thread; without it the channel
  ts?: string | undefined; // of the message to explain
}

const TITLES: Record<Kind, TextKey> = { summary: 'summary', explanation: 'explanation', draft: 'draftOfReply', items: 'actionItems' };

export function WritingDialog({ wanted, close }: { wanted: Wanted | null; close: () => void }) {
  return (
    <Modal opened={wanted !== null} onClose={close} title={wanted && t(TITLES[wanted.kind])} size="lg">
      {wanted !== null && <WritingView wanted={wanted} close={close} />}
    </Modal>
  );
}

export function WritingView({ wanted, close }: { wanted: Wanted; close: () => void }) {
  return wanted.kind === 'items' ? <Items wanted={wanted} close={close} /> : <Words wanted={wanted} close={close} />;
}

function ask({ kind, channel, thread, ts }: Wanted): Promise<Written> {
  const language = getLanguage();
  if (kind === 'summary') return summarize({ channel, thread_ts: thread, language });
  if (kind === 'explanation') return explain({ channel, ts: ts!, language });
  return draftReply({ channel, thread_ts: thread });
}

function Words({ wanted, close }: { wanted: Wanted; close: () => void }) {
  const { kind, channel, thread, ts } = wanted;
  const written = useQuery({ queryKey: ['chat', 'written', kind, channel, thread, ts], queryFn: () => ask(wanted), retry: false, gcTime: 0, staleTime: Infinity });
  return (
    <Answered of={written}>
      {(data) => (
        <Stack gap="sm">
          {kind === 'draft' && data.model ? <Draft text={data.text} wanted={wanted} close={close} /> : data.text ? <MessageText text={data.text} /> : <Nothing>{t('nothingWritten')}</Nothing>}
          <Sources sources={data.sources} close={close} />
          <Origin model={data.model} missing={data.missing} />
        </Stack>
      )}
    </Answered>
  );
}

function Draft({ text, wanted, close }: { text: string; wanted: Wanted; close: () => void }) {
  const { outbox } = useWorkplace();
  const [words, setWords] = useState(text);
  const send = () => {
    outbox.post(wanted.channel, wanted.thread ?? null, words.trim());
    close();
    tell(t('replySent'));
  };
  return (
    <>
      <Textarea label={t('editBeforeSending')} autosize minRows={3} maxRows={14} value={words} onChange={(event) => setWords(event.currentTarget.value)} data-autofocus />
      <Group justify="flex-end">
        <Button disabled={words.trim() === ''} onClick={send}>
          {t('send')}
        </Button>
      </Group>
    </>
  );
}

function Items({ wanted, close }: { wanted: Wanted; close: () => void }) {
  const { home } = useWorkplace();
  const { channel, thread } = wanted;
  const found = useQuery({ queryKey: ['chat', 'items', channel, thread], queryFn: () => findItems({ channel, thread_ts: thread }), retry: false, gcTime: 0, staleTime: Infinity });
  const people = home.users.filter((user) => !user.is_bot && !user.deleted).map((user) => ({ value: user.id, label: user.real_name || user.name }));
  return (
    <Answered of={found}>
      {(data) => (
        <Stack gap="sm">
          {data.items.length === 0 ? <Nothing>{t('noItems')}</Nothing> : <ItemsForm items={data.items} channel={channel} people={people} done={close} />}
          <Origin model="" missing={data.missing} />
        </Stack>
      )}
    </Answered>
  );
}

function Sources({ sources, close }: { sources: Source[]; close: () => void }) {
  const { openChannel, openThread } = useWorkplace();
  if (sources.length === 0) return null;
  const open = (source: Source) => {
    close();
    if (source.thread_ts && source.thread_ts !== source.ts) openThread(source.channel, source.thread_ts, source.ts);
    else openChannel(source.channel, source.ts);
  };
  return (
    <Stack gap={2} component="section" aria-label={t('sources')}>
      {sources.map((source) => (
        <Anchor key={source.number} component="button" type="button" size="sm" ta="left" onClick={() => open(source)}>
          [{source.number}] {source.label}
        </Anchor>
      ))}
    </Stack>
  );
}

// Who wrote it; without a model, what is missing and how to get it.
export function Origin({ model, missing }: { model: string; missing: string }) {
  if (missing !== '') {
    return (
      <Alert color="gray" icon={<IconInfoCircle size={18} />}>
        <Text size="sm">{missing}</Text>
      </Alert>
    );
  }
  if (model === '') return null;
  return (
    <Text size="xs" c="dimmed">
      {t('writtenBy', { model })}
    </Text>
  );
}
