// A task out of a message: what is to be done, by whom, until when. The task links back to the message, and
// the Office reminds of it in the chat when its time has come.
import { Button, Group, Select, Stack, Textarea, TextInput } from '@mantine/core';
import { useState, type FormEvent } from 'react';

import { useChange } from '../../api/call';
import { t } from '../../i18n/text';
import { usePeople } from '../../office/people';
import { useWorkplace, type Question } from '../context';
import { toTyped } from '../mrkdwn';

const MAX_TITLE = 300;

export function MakeTask({ question: { channel, message }, close }: { question: Question; close: () => void }) {
  const { users } = useWorkplace();
  const { me, people } = usePeople();
  const create = useChange('createTask', { reads: ['listTasks'], done: t('taskMade') });
  const [title, setTitle] = useState(() => toTyped(message.text, { users: [...users.values()], channels: [] }).slice(0, MAX_TITLE));
  const [due, setDue] = useState('');
  const [assignee, setAssignee] = useState('');
  const add = (event: FormEvent) => {
    event.preventDefault();
    const fields = { title, assignee, due_us: due ? new Date(due).getTime() * 1000 : 0, channel, message_ts: message.ts };
    create.mutate(fields, { onSuccess: close });
  };
  return (
    <form onSubmit={add}>
      <Stack>
        <Textarea label={t('taskTitle')} required autosize minRows={1} maxRows={5} maxLength={MAX_TITLE} data-autofocus value={title} onChange={(event) => setTitle(event.currentTarget.value)} />
        <TextInput label={t('taskUntil')} description={t('taskReminds')} type="datetime-local" value={due} onChange={(event) => setDue(event.currentTarget.value)} />
        <Select label={t('taskBy')} data={people.map((person) => ({ value: person.id, label: person.name }))} searchable value={assignee || me} onChange={(value) => setAssignee(value ?? '')} />
        <Group justify="flex-end">
          <Button type="submit" loading={create.isPending} disabled={!title.trim()}>
            {t('makeTask')}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
