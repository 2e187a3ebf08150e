// The form of an event, new or one's own.
import { Alert, Button, Checkbox, Group, MultiSelect, Select, Stack, TagsInput, Textarea, TextInput } from '@mantine/core';
import { useForm } from '@mantine/form';
import { useState } from 'react';

import { call, useChange, type Operation } from '../api/call';
import type { EventView } from '../api/schema';
import { tellFailure } from '../app/parts';
import { t } from '../i18n/text';
import { useChannels, usePeople } from '../office/people';
import { writeDate } from '../i18n/dates';
import { isoDay, isoTime, ZONE } from './days';
import { reminderOptions, repeatOptions } from './rules';

export const READS: Operation[] = ['listEvents', 'getEvent'];
const HOUR_MS = 3_600_000;
const SEARCH_DAYS = 14;
const MAX_OUTSIDERS = 100;

function emptyAt(start: Date) {
  const end = new Date(start.getTime() + HOUR_MS);
  return { title: '', day: isoDay(start), from: isoTime(start), lastDay: isoDay(end), to: isoTime(end), allDay: false, rule: '', location: '', notes: '', guests: [] as string[], outsiders: [] as string[], remind: '10', busy: true, zone: ZONE };
}

function filledFrom(event: EventView): ReturnType<typeof emptyAt> {
  const [day = '', from = '09:00'] = event.start.split('T');
  const [lastDay = '', to = '10:00'] = event.end.split('T');
  return { title: event.title, day, from, lastDay, to, allDay: event.all_day, rule: event.rule, location: event.location, notes: event.notes, guests: event.guests, outsiders: event.outsiders, remind: String(event.remind_minutes), busy: event.busy, zone: event.zone };
}

export function EventForm({ event, start, close }: { event?: EventView; start: Date; close: () => void }) {
  const { me, people } = usePeople();
  const channels = useChannels();
  const create = useChange('createEvent', { reads: READS, done: t('eventMade') });
  const update = useChange('updateEvent', { reads: READS, done: t('eventChanged') });
  const form = useForm({ initialValues: event ? filledFrom(event) : emptyAt(start) });
  const values = form.values;
  // What is typed and no tag yet counts as well; making it one on leaving would move the buttons away.
  const [address, setAddress] = useState('');
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
      outsiders: addressesIn([...values.outsiders, address]),
      remind_minutes: Number(values.remind),
      busy: values.busy,
    };
    if (event) update.mutate({ id: event.id, ...fields }, { onSuccess: close });
    else create.mutate(fields, { onSuccess: close });
  };
  const setDay = (day: string) => form.setValues({ day, lastDay: values.lastDay < day || values.lastDay === values.day ? day : values.lastDay });
  const options = [
    { group: t('people'), items: people.filter((person) => person.id !== me).map((person) => ({ value: person.id, label: person.name })) },
    { group: t('channels'), items: channels.map((item) => ({ value: item.id, label: item.name })) },
  ];
  return (
    <form onSubmit={form.onSubmit(save)}>
      <Stack>
        <TextInput label={t('title')} required data-autofocus {...form.getInputProps('title')} />
        <Checkbox label={t('allDay')} {...form.getInputProps('allDay', { type: 'checkbox' })} />
        <Group grow align="flex-end">
          <TextInput label={t('firstDay')} type="date" required value={values.day} onChange={(input) => setDay(input.currentTarget.value)} />
          {!values.allDay && <TextInput label={t('from')} type="time" required {...form.getInputProps('from')} />}
        </Group>
        <Group grow align="flex-end">
          <TextInput label={t('lastDay')} type="date" required {...form.getInputProps('lastDay')} />
          {!values.allDay && <TextInput label={t('toTime')} type="time" required {...form.getInputProps('to')} />}
        </Group>
        {!values.allDay && values.zone !== ZONE && <Alert color="gray">{t('timesIn', { zone: values.zone })}</Alert>}
        <Group grow>
          <Select label={t('repeats')} data={repeatOptions(values.rule)} allowDeselect={false} {...form.getInputProps('rule')} />
          <Select label={t('reminderInChat')} data={reminderOptions(values.remind)} allowDeselect={false} {...form.getInputProps('remind')} />
        </Group>
        <MultiSelect label={t('guests')} description={t('guestsOfEvent')} searchable data={options} {...form.getInputProps('guests')} />
        <TagsInput label={t('guestsByMail')} description={t('guestsByMailAre')} placeholder={values.outsiders.length === 0 ? 'name@example.com' : undefined} acceptValueOnBlur={false} splitChars={[',', ' ', ';']} maxTags={MAX_OUTSIDERS} searchValue={address} onSearchChange={setAddress} value={values.outsiders} onChange={(texts) => form.setFieldValue('outsiders', addressesIn(texts))} />
        {values.guests.length > 0 && !values.allDay && <FreeTimes guests={values.guests.filter((id) => people.some((person) => person.id === id))} me={me} minutes={minutesOf(values)} from={values.day} pick={(at) => form.setValues(timesFrom(at, minutesOf(values)))} />}
        <TextInput label={t('place')} {...form.getInputProps('location')} />
        <Textarea label={t('notes')} autosize minRows={2} maxRows={8} {...form.getInputProps('notes')} />
        <Checkbox label={t('busyThen')} {...form.getInputProps('busy', { type: 'checkbox' })} />
        <Group justify="flex-end">
          <Button variant="default" onClick={close}>
            {t('cancel')}
          </Button>
          <Button type="submit" loading={create.isPending || update.isPending}>
            {t(event ? 'save' : 'create')}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}

function addressesIn(texts: string[]): string[] {
  return [...new Set(texts.flatMap((text) => text.split(/[\s,;]+/)).filter(Boolean))];
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
        {t('findTime')}
      </Button>
      {times?.length === 0 && t('nobodyFree')}
      {times?.map((at) => (
        <Button key={at.getTime()} size="compact-sm" variant="default" onClick={() => pick(at)}>
          {writeDate(at, { weekday: 'short', day: 'numeric', month: 'short', hour: '2-digit', minute: '2-digit' })}
        </Button>
      ))}
    </Group>
  );
}
