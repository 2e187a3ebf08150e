// One event: what, when, where, who comes; answering, changing, calling off.
import { Badge, Button, Group, Modal, Stack, Text } from '@mantine/core';
import { useState } from 'react';

import { useCall, useChange } from '../api/call';
import type { MailedView, OccurrenceView } from '../api/schema';
import { Copy, Failed, Waiting } from '../app/parts';
import { fromServer } from '../i18n/server';
import { t } from '../i18n/text';
import { usePeople } from '../office/people';
import { dayText, startOf, timeText } from './days';
import { EventForm, READS } from './EventForm';
import { ruleText } from './rules';

const ANSWERS = [
  { value: 'yes', label: 'answerYes', said: 'saidYes', color: 'teal' },
  { value: 'maybe', label: 'answerMaybe', said: 'saidMaybe', color: 'yellow' },
  { value: 'no', label: 'answerNo', said: 'saidNo', color: 'red' },
] as const;

export function EventDialog({ item, close }: { item: OccurrenceView; close: () => void }) {
  const { data, error } = useCall('getEvent', { id: item.event });
  const { me, nameOf } = usePeople();
  const [editing, setEditing] = useState(false);
  const answer = useChange('answerEvent', { reads: READS, done: t('answerTold') });
  const remove = useChange('deleteEvent', { reads: READS, done: t('eventCalledOff') });
  const isMine = data?.owner === me;
  return (
    <Modal opened onClose={close} title={editing ? t('changeEvent') : item.title} size="lg">
      {error !== null && <Failed error={error} />}
      {data === undefined && error === null && <Waiting />}
      {data && editing && <EventForm event={data} start={startOf(item)} close={close} />}
      {data && !editing && (
        <Stack>
          <div>
            <Text>
              {dayText(startOf(item))}, {timeText(item)}
            </Text>
            {item.repeats && (
              <Text size="sm" c="dimmed">
                {t('repeatsBy', { rule: ruleText(data.rule) })}
              </Text>
            )}
            {data.location && <Text size="sm">{t('whereIs', { place: data.location })}</Text>}
            <Text size="sm" c="dimmed">
              {t('madeBy', { name: isMine ? t('you') : nameOf(data.owner) })}
            </Text>
          </div>
          {data.notes && (
            <Text size="sm" style={{ whiteSpace: 'pre-wrap' }}>
              {data.notes}
            </Text>
          )}
          {data.answers.length + data.outsiders.length > 0 && (
            <Stack gap={4}>
              {data.answers.map((guest) => (
                <Group key={guest.user} gap="xs">
                  <Text size="sm">{nameOf(guest.user)}</Text>
                  <Answer answer={guest.answer} />
                </Group>
              ))}
              {data.mailed.map((guest) => (
                <Mailed key={guest.address} guest={guest} />
              ))}
              {data.outsiders
                .filter((address) => !data.mailed.some((guest) => guest.address === address))
                .map((address) => (
                  <Text key={address} size="sm" c="dimmed">
                    {address}
                  </Text>
                ))}
            </Stack>
          )}
          {!isMine && !data.cancelled && (
            <Group role="group" aria-label={t('yourAnswer')}>
              {ANSWERS.map((one) => (
                <Button key={one.value} color={one.color} variant={item.answer === one.value ? 'filled' : 'light'} aria-pressed={item.answer === one.value} onClick={() => answer.mutate({ id: data.id, answer: one.value }, { onSuccess: close })}>
                  {t(one.label)}
                </Button>
              ))}
            </Group>
          )}
          {isMine && (
            <Group justify="flex-end">
              {item.repeats && (
                <Button variant="subtle" color="red" onClick={() => remove.mutate({ id: data.id, occurrence: item.occurrence }, { onSuccess: close })}>
                  {t('callOffOne')}
                </Button>
              )}
              <Button variant="subtle" color="red" onClick={() => remove.mutate({ id: data.id }, { onSuccess: close })}>
                {t(item.repeats ? 'callOffAll' : 'callOff')}
              </Button>
              <Button onClick={() => setEditing(true)}>{t('change')}</Button>
            </Group>
          )}
        </Stack>
      )}
    </Modal>
  );
}

// Somebody who was invited by mail; the link answers for them, so only the event's owner has it.
function Mailed({ guest }: { guest: MailedView }) {
  return (
    <div>
      <Group gap="xs">
        <Text size="sm">{guest.address}</Text>
        <Answer answer={guest.answer} />
        {guest.link && <Copy value={guest.link} label={t('copyAnswerLink')} />}
      </Group>
      {guest.state !== 'sent' && (
        <Text size="xs" c={guest.state === 'failed' ? 'red' : 'dimmed'}>
          {guest.error ? fromServer(guest.error) : t('mailWaits')}
        </Text>
      )}
    </div>
  );
}

function Answer({ answer }: { answer: string }) {
  const known = ANSWERS.find((one) => one.value === answer);
  return (
    <Badge size="sm" variant="light" color={known?.color ?? 'gray'} tt="none">
      {t(known?.said ?? 'noAnswerYet')}
    </Badge>
  );
}
