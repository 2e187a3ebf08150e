// The form of an event, new or one's own.
import { Alert, Button, Checkbox, Group, MultiSelect, Select, Stack, Textarea, TextInput } from '@mantine/core';
import { useForm } from '@mantine/form';
import { useState } from 'react';

import { call, useChange, type Operation } from '../api/call';
import type { EventView } from '../api/schema';
import { tellFailure } from '../app/parts';
import { useChannels, usePeople } from '../office/people';
import { isoDay, isoTime, ZONE } from './days';

export const READS: Operation[] = ['listEvents', 'getEvent'];
const REPEATS = [
  { value: '', label: 'Does not repeat' },
  { value: 'FREQ=DAILY', label: 'Every day' },
  { value: 'FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR', label: 'On working days' },
  { value: 'FREQ=WEEKLY', label: 'Every week' },
  { value: 'FREQ=WEEKLY;INTERVAL=2', label: 'Every second week' },
  { value: 'FREQ=MONTHLY', label: 'Every month' },
  { value: 'FREQ=YEARLY', label: 'Every year' },
];
const REMINDERS = [
  { value: '-1', label: 'No reminder' },
  { value: '0', label: 'When it begins' },
  { value: '5', label: '5 minutes before' },
  { value: '10', label: '10 minutes before' },
  { value: '30', label: '30 minutes before' },
  { value: '60', label: 'An hour before' },
  { value: '1440', label: 'A day before' },
];
const HOUR_MS = 3_600_000;
const SEARCH_DAYS = 14;

function emptyAt(start: Date) {
  const end = new Date(start.getTime() + HOUR_MS);
  return { title: '', day: isoDay(start), from: isoTime(start), lastDay: isoDay(end), to: isoTime(end), allDay: false, rule: '', location: '', notes: '', guests: [] as string[], remind: '10', busy: true, zone: ZONE };
}

function filledFrom(event: EventView): ReturnType<typeof emptyAt> {
  const [day = '', from = '09:00'] = event.start.split('T');
  const [lastDay = '', to = '10:00'] = event.end.split('T');
  return { title: event.title, day, from, lastDay, to, allDay: event.all_day, rule: event.rule, location: event.location, notes: event.notes, guests: event.guests, remind: String(event.remind_minutes), busy: event.busy, zone: event.zone };
}

// A choice that has what is chosen, whatever program chose it.
function withOwn(options: { value: string; label: string }[], value: string, label: string) {
  return options.some((item) => item.value === value) ? options : [...options, { value, label }];
}

export function EventForm({ event, start, close }: { event?: EventView; start: Date; close: () => void }) {
  const { me, people } = usePeople();
  const channels = useChannels();
  const create = useChange('createEvent', { reads: READS, done: 'The event is in your calendar' });
  const update = useChange('updateEvent', { reads: READS, done: 'The event is changed' });
  const form = useForm({ initialValues: event ? filledFrom(event) : emptyAt(start) });
  const values = form.values;
  const save = () => {
    const isChannel = (id: string) => channels.some((item) => item.id === id);
    const fields = {
      title: values.title,
      start: values.allDay ? values.day : `${values.day}T${values.from}`,
      end: values.allDay ? values.lastDay : `${values.lastDay}T${values.to}`,
      zone: values.zone,
      all_day: values.allDay,
      rule: values.rule,
      location: values.location,
      notes: values.notes,
      guests: values.guests.filter((id) => !isChannel(id)),
      channels: values.guests.filter(isChannel),
      remind_minutes: Number(values.remind),
      busy: values.busy,
    };
    if (event) update.mutate({ id: event.id, ...fields }, { onSuccess: close });
    else create.mutate(fields, { onSuccess: close });
  };
  const setDay = (day: string) => form.setValues({ day, lastDay: values.lastDay < day || values.lastDay === values.day ? day : values.lastDay });
  const options = [
    { group: 'People', items: people.filter((person) => person.id !== me).map((person) => ({ value: person.id, label: person.name })) },
    { group: 'Channels', items: channels.map((item) => ({ value: item.id, label: item.name })) },
  ];
  return (
    <form onSubmit={form.onSubmit(save)}>
      <Stack>
        <TextInput label="Title" required data-autofocus {...form.getInputProps('title')} />
        <Checkbox label="All day" {...form.getInputProps('allDay', { type: 'checkbox' })} />
        <Group grow align="flex-end">
          <TextInput label="First day" type="date" required value={values.day} onChange={(input) => setDay(input.currentTarget.value)} />
          {!values.allDay && <TextInput label="From" type="time" required {...form.getInputProps('from')} />}
        </Group>
        <Group grow align="flex-end">
          <TextInput label="Last day" type="date" required {...form.getInputProps('lastDay')} />
          {!values.allDay && <TextInput label="To" type="time" required {...form.getInputProps('to')} />}
        </Group>
        {!values.allDay && values.zone !== ZONE && <Alert color="gray">Times are in {values.zone}.</Alert>}
        <Group grow>
          <Select label="Repeats" data={withOwn(REPEATS, values.rule, values.rule)} allowDeselect={false} {...form.getInputProps('rule')} />
          <Select label="Reminder in the chat" data={withOwn(REMINDERS, values.remind, `${values.remind} minutes before`)} allowDeselect={false} {...form.getInputProps('remind')} />
        </Group>
        <MultiSelect label="Guests" description="People, or everyone who is in a channel now." searchable data={options} {...form.getInputProps('guests')} />
        {values.guests.length > 0 && !values.allDay && <FreeTimes guests={values.guests.filter((id) => people.some((person) => person.id === id))} me={me} minutes={minutesOf(values)} from={values.day} pick={(at) => form.setValues(timesFrom(at, minutesOf(values)))} />}
        <TextInput label="Place" {...form.getInputProps('location')} />
        <Textarea label="Notes" autosize minRows={2} maxRows={8} {...form.getInputProps('notes')} />
        <Checkbox label="I am busy during this time" {...form.getInputProps('busy', { type: 'checkbox' })} />
        <Group justify="flex-end">
          <Button variant="default" onClick={close}>
            Cancel
          </Button>
          <Button type="submit" loading={create.isPending || update.isPending}>
            {event ? 'Save' : 'Create'}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}

function minutesOf(values: { day: string; from: string; lastDay: string; to: string }): number {
  const span = new Date(`${values.lastDay}T${values.to}`).getTime() - new Date(`${values.day}T${values.from}`).getTime();
  return Math.max(5, Math.round(span / 60_000)) || 30;
}

function timesFrom(at: Date, minutes: number) {
  const end = new Date(at.getTime() + minutes * 60_000);
  return { day: isoDay(at), from: isoTime(at), lastDay: isoDay(end), to: isoTime(end), zone: ZONE };
}

// Proposes times at which everybody is free, in working hours.
function FreeTimes({ guests, me, minutes, from, pick }: { guests: string[]; me: string; minutes: number; from: string; pick: (at: Date) => void }) {
  const [times, setTimes] = useState<Date[] | null>(null);
  const find = async () => {
    const first = Math.max(new Date(`${from}T00:00`).getTime(), Date.now()) * 1000;
    const found = await call('findTimes', { users: [me, ...guests], minutes: Math.min(minutes, 600), from_us: first, to_us: first + SEARCH_DAYS * 86_400_000_000, zone: ZONE });
    setTimes(found.items.slice(0, 5).map((item) => new Date(item.starts_us / 1000)));
  };
  return (
    <Group gap="xs">
      <Button size="compact-sm" variant="light" disabled={guests.length === 0} onClick={() => void find().catch(tellFailure)}>
        Find a time
      </Button>
      {times?.length === 0 && 'Nobody is free together in the next two weeks.'}
      {times?.map((at) => (
        <Button key={at.getTime()} size="compact-sm" variant="default" onClick={() => pick(at)}>
          {at.toLocaleString(undefined, { weekday: 'short', day: 'numeric', month: 'short', hour: '2-digit', minute: '2-digit' })}
        </Button>
      ))}
    </Group>
  );
}
