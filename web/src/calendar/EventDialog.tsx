// One event: what, when, where, who comes; answering, changing, calling off.
import { Badge, Button, Group, Modal, Stack, Text } from '@mantine/core';
import { useState } from 'react';

import { useCall, useChange } from '../api/call';
import type { OccurrenceView } from '../api/schema';
import { Failed, Waiting } from '../app/parts';
import { usePeople } from '../office/people';
import { dayText, startOf, timeText } from './days';
import { EventForm, READS } from './EventForm';

const ANSWERS = [
  { value: 'yes', label: 'Yes', color: 'teal' },
  { value: 'maybe', label: 'Maybe', color: 'yellow' },
  { value: 'no', label: 'No', color: 'red' },
];

export function EventDialog({ item, close }: { item: OccurrenceView; close: () => void }) {
  const { data, error } = useCall('getEvent', { id: item.event });
  const { me, nameOf } = usePeople();
  const [editing, setEditing] = useState(false);
  const answer = useChange('answerEvent', { reads: READS, done: 'Your answer is told' });
  const remove = useChange('deleteEvent', { reads: READS, done: 'It is called off' });
  const isMine = data?.owner === me;
  return (
    <Modal opened onClose={close} title={editing ? 'Change event' : item.title} size="lg">
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
                Repeats: {data.rule || 'on other days'}
              </Text>
            )}
            {data.location && <Text size="sm">Where: {data.location}</Text>}
            <Text size="sm" c="dimmed">
              Made by {isMine ? 'you' : nameOf(data.owner)}
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
                  <Badge size="sm" variant="light" color={ANSWERS.find((one) => one.value === guest.answer)?.color ?? 'gray'}>
                    {guest.answer === 'none' ? 'no answer yet' : guest.answer}
                  </Badge>
                </Group>
              ))}
              {data.outsiders.map((address) => (
                <Text key={address} size="sm" c="dimmed">
                  {address}
                </Text>
              ))}
            </Stack>
          )}
          {!isMine && !data.cancelled && (
            <Group role="group" aria-label="Your answer">
              {ANSWERS.map((one) => (
                <Button key={one.value} color={one.color} variant={item.answer === one.value ? 'filled' : 'light'} aria-pressed={item.answer === one.value} onClick={() => answer.mutate({ id: data.id, answer: one.value }, { onSuccess: close })}>
                  {one.label}
                </Button>
              ))}
            </Group>
          )}
          {isMine && (
            <Group justify="flex-end">
              {item.repeats && (
                <Button variant="subtle" color="red" onClick={() => remove.mutate({ id: data.id, occurrence: item.occurrence }, { onSuccess: close })}>
                  Call off this one
                </Button>
              )}
              <Button variant="subtle" color="red" onClick={() => remove.mutate({ id: data.id }, { onSuccess: close })}>
                {item.repeats ? 'Call off all' : 'Call off'}
              </Button>
              <Button onClick={() => setEditing(true)}>Change</Button>
            </Group>
          )}
        </Stack>
      )}
    </Modal>
  );
}
