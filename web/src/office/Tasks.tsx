// Things to do: mine, or those that I gave to others.
import { ActionIcon, Anchor, Button, Checkbox, Group, SegmentedControl, Select, Stack, Table, Text, TextInput } from '@mantine/core';
import { useForm } from '@mantine/form';
import { IconListCheck, IconTrash } from '@tabler/icons-react';
import { useState } from 'react';
import { Link } from 'react-router';

import { useCall, useChange } from '../api/call';
import type { TaskView } from '../api/schema';
import { formatTime } from '../app/format';
import { Empty, Failed, Surface, Waiting } from '../app/parts';
import { t } from '../i18n/text';
import { usePeople } from './people';

const READS = ['listTasks' as const];

export function Tasks() {
  const [which, setWhich] = useState('open');
  const { data, error, isPending } = useCall('listTasks', { done: which === 'done', given: which === 'given' });
  return (
    <Stack>
      <NewTask />
      <Surface
        title={t('toDo')}
        aside={
          <SegmentedControl
            size="xs"
            value={which}
            onChange={setWhich}
            data={[
              { value: 'open', label: t('mine') },
              { value: 'given', label: t('givenToOthers') },
              { value: 'done', label: t('done') },
            ]}
          />
        }
      >
        {isPending && <Waiting />}
        {error !== null && <Failed error={error} />}
        {data?.items.length === 0 && (
          <Empty icon={<IconListCheck size={28} />} title={t('nothingToDo')}>
            {t('writeOneAbove')}
          </Empty>
        )}
        <Table verticalSpacing={6}>
          <Table.Tbody>{data?.items.map((task) => <TaskRow key={task.id} task={task} />)}</Table.Tbody>
        </Table>
      </Surface>
    </Stack>
  );
}

function NewTask() {
  const { me, people } = usePeople();
  const create = useChange('createTask', { reads: READS });
  const form = useForm({ initialValues: { title: '', due: '', assignee: '' } });
  const add = (values: typeof form.values) =>
    create.mutate(
      { title: values.title, assignee: values.assignee, due_us: values.due ? new Date(values.due).getTime() * 1000 : 0 },
      { onSuccess: () => form.reset() },
    );
  const others = people.map((person) => ({ value: person.id, label: person.id === me ? t('youInBrackets', { name: person.name }) : person.name }));
  return (
    <Surface>
      <form onSubmit={form.onSubmit(add)}>
        <Group align="flex-end">
          <TextInput label={t('taskTitle')} required style={{ flex: 1, minWidth: 220 }} {...form.getInputProps('title')} />
          <TextInput label={t('taskUntil')} type="datetime-local" {...form.getInputProps('due')} />
          <Select
            label={t('taskBy')}
            placeholder={t('me')}
            data={others}
            searchable
            clearable
            value={form.values.assignee || null}
            onChange={(value) => form.setFieldValue('assignee', value ?? '')}
          />
          <Button type="submit" loading={create.isPending}>
            {t('add')}
          </Button>
        </Group>
      </form>
    </Surface>
  );
}

function TaskRow({ task }: { task: TaskView }) {
  const { me, nameOf } = usePeople();
  const update = useChange('updateTask', { reads: READS });
  const remove = useChange('deleteTask', { reads: READS, done: t('taskDeleted') });
  const { id, title, note, assignee, due_us } = task;
  const isLate = due_us > 0 && task.done_us === 0 && due_us < Date.now() * 1000;
  return (
    <Table.Tr>
      <Table.Td w={36}>
        <Checkbox
          aria-label={t('taskIsDone', { title })}
          checked={task.done_us > 0}
          onChange={(event) => update.mutate({ id, title, note, assignee, due_us, done: event.currentTarget.checked })}
        />
      </Table.Td>
      <Table.Td>
        <Text size="sm" td={task.done_us > 0 ? 'line-through' : undefined}>
          {title}
        </Text>
        <Group gap="xs">
          {due_us > 0 && (
            <Text size="xs" c={isLate ? 'red' : 'dimmed'}>
              {formatTime(due_us)}
            </Text>
          )}
          {assignee !== me && (
            <Text size="xs" c="dimmed">
              {nameOf(assignee)}
            </Text>
          )}
          {task.creator !== me && (
            <Text size="xs" c="dimmed">
              {t('taskFrom', { name: nameOf(task.creator) })}
            </Text>
          )}
          {task.channel && (
            <Anchor size="xs" component={Link} to={`/archives/${task.channel}/p${task.message_ts.replace('.', '')}`}>
              {t('itsMessage')}
            </Anchor>
          )}
        </Group>
      </Table.Td>
      <Table.Td ta="right">
        {task.creator === me && (
          <ActionIcon variant="subtle" color="red" aria-label={t('deleteNamed', { title })} onClick={() => remove.mutate({ id })}>
            <IconTrash size={16} />
          </ActionIcon>
        )}
      </Table.Td>
    </Table.Tr>
  );
}
