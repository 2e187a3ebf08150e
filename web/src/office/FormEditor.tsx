// Making a form of approvals, or changing one: its questions, and who decides in which order.
import { ActionIcon, Button, Checkbox, Group, Modal, MultiSelect, NumberInput, Paper, Select, Stack, TagsInput, Text, TextInput } from '@mantine/core';
import { IconPlus, IconTrash } from '@tabler/icons-react';
import { useState } from 'react';

import { useChange } from '../api/call';
import type { Form, FormField, FormStep } from '../api/schema';
import { usePeople, type Person } from './people';

const KINDS = [
  { value: 'text', label: 'Text' },
  { value: 'long-text', label: 'Long text' },
  { value: 'number', label: 'Number' },
  { value: 'money', label: 'Money' },
  { value: 'date', label: 'Date' },
  { value: 'choice', label: 'Choice' },
];
const DECIDERS = [
  { value: 'manager', label: 'A manager' },
  { value: 'people', label: 'These people' },
];
const NEW_FIELD: FormField = { name: '', label: '', kind: 'text', required: true, choices: [] };
const NEW_STEP: FormStep = { kind: 'manager', people: [], level: 1, everyone: false, over_field: '', over: '0' };

// Names of fields are for programs: made of the label, once.
function nameFrom(label: string, taken: string[]): string {
  const made = label.toLowerCase().normalize('NFKD').replace(/[^a-z0-9]+/g, '-').replace(/^[^a-z]+|-+$/g, '').slice(0, 30) || 'field';
  for (let number = 1; ; number += 1) {
    const name = number === 1 ? made : `${made}-${number}`;
    if (!taken.includes(name)) return name;
  }
}

function replaced<T>(items: T[], at: number, changes: Partial<T>): T[] {
  return items.map((item, index) => (index === at ? { ...item, ...changes } : item));
}

export function FormEditor({ form, close }: { form?: Form; close: () => void }) {
  const { people } = usePeople();
  const [title, setTitle] = useState(form?.title ?? '');
  const [about, setAbout] = useState(form?.about ?? '');
  const [fields, setFields] = useState(form?.fields ?? [{ ...NEW_FIELD }]);
  const [steps, setSteps] = useState(form?.steps ?? [{ ...NEW_STEP }]);
  const [copies, setCopies] = useState(form?.copies ?? []);
  const [enabled, setEnabled] = useState(form?.enabled ?? true);
  const put = useChange('putForm', { reads: ['listForms'], done: 'The form is kept' });
  const save = () => {
    const named: FormField[] = [];
    for (const field of fields) named.push({ ...field, name: field.name || nameFrom(field.label, [...fields, ...named].map((item) => item.name)), choices: field.kind === 'choice' ? field.choices : [] });
    const name = form?.name ?? nameFrom(title, []);
    put.mutate({ name, title, about, fields: named, steps, copies, enabled }, { onSuccess: close });
  };
  const numbers = fields.filter((field) => field.name && ['number', 'money'].includes(field.kind ?? 'text')).map((field) => ({ value: field.name, label: field.label }));
  return (
    <Modal opened onClose={close} size="xl" title={form ? `Change “${form.title}”` : 'New form'}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          save();
        }}
      >
        <Stack>
          <TextInput label="Title" required value={title} onChange={(event) => setTitle(event.currentTarget.value)} data-autofocus />
          <TextInput label="What it is for" value={about} onChange={(event) => setAbout(event.currentTarget.value)} />
          <Text fw={600}>Questions</Text>
          {fields.map((field, at) => (
            <FieldRow key={at} number={at + 1} field={field} change={(changes) => setFields(replaced(fields, at, changes))} remove={() => setFields(fields.filter((_, index) => index !== at))} />
          ))}
          <Add label="Add a question" onClick={() => setFields([...fields, { ...NEW_FIELD }])} />
          <Text fw={600}>Who decides, in this order</Text>
          {steps.map((step, at) => (
            <StepRow key={at} number={at + 1} step={step} people={people} numbers={numbers} change={(changes) => setSteps(replaced(steps, at, changes))} remove={() => setSteps(steps.filter((_, index) => index !== at))} />
          ))}
          <Add label="Add a step" onClick={() => setSteps([...steps, { ...NEW_STEP }])} />
          <MultiSelect label="Who gets a copy when it is approved" searchable data={people.map((person) => ({ value: person.id, label: person.name }))} value={copies} onChange={setCopies} />
          <Checkbox label="People can fill it in" checked={enabled} onChange={(event) => setEnabled(event.currentTarget.checked)} />
          <Group justify="flex-end">
            <Button type="submit" loading={put.isPending} disabled={fields.length === 0 || steps.length === 0}>
              Save
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}

function Add({ label, onClick }: { label: string; onClick: () => void }) {
  return (
    <Group>
      <Button size="compact-sm" variant="light" leftSection={<IconPlus size={14} />} onClick={onClick}>
        {label}
      </Button>
    </Group>
  );
}

function Remove({ label, onClick }: { label: string; onClick: () => void }) {
  return (
    <ActionIcon variant="subtle" color="red" aria-label={label} onClick={onClick}>
      <IconTrash size={16} />
    </ActionIcon>
  );
}

function FieldRow({ number, field, change, remove }: { number: number; field: FormField; change: (changes: Partial<FormField>) => void; remove: () => void }) {
  return (
    <Paper withBorder p="xs">
      <Group align="flex-end">
        <TextInput label={`Question ${number}`} required style={{ flex: 1, minWidth: 180 }} value={field.label} onChange={(event) => change({ label: event.currentTarget.value })} />
        <Select label="Kind" w={130} data={KINDS} allowDeselect={false} value={field.kind} onChange={(kind) => change({ kind: kind ?? 'text' })} />
        <Checkbox label="Needed" mb={8} checked={field.required} onChange={(event) => change({ required: event.currentTarget.checked })} />
        <Remove label={`Remove question ${number}`} onClick={remove} />
      </Group>
      {field.kind === 'choice' && <TagsInput mt="xs" label="Choices" description="Enter after each one" value={field.choices} onChange={(choices) => change({ choices })} />}
    </Paper>
  );
}

interface StepProps {
  number: number;
  step: FormStep;
  people: Person[];
  numbers: { value: string; label: string }[];
  change: (changes: Partial<FormStep>) => void;
  remove: () => void;
}

function StepRow({ number, step, people, numbers, change, remove }: StepProps) {
  const isManager = step.kind === 'manager';
  return (
    <Paper withBorder p="xs">
      <Group align="flex-end">
        <Select label={`Step ${number}`} w={150} data={DECIDERS} allowDeselect={false} value={step.kind} onChange={(kind) => change({ kind: kind ?? 'manager', people: [] })} />
        {isManager && <NumberInput label="Levels up" w={100} min={1} max={5} value={step.level} onChange={(level) => change({ level: Number(level) || 1 })} />}
        {!isManager && <MultiSelect label="People" style={{ flex: 1, minWidth: 200 }} searchable data={people.map((person) => ({ value: person.id, label: person.name }))} value={step.people} onChange={(chosen) => change({ people: chosen })} />}
        {!isManager && <Checkbox label="All of them" mb={8} checked={step.everyone} onChange={(event) => change({ everyone: event.currentTarget.checked })} />}
        {numbers.length > 0 && <Select label="Only when" placeholder="Always" clearable w={150} data={numbers} value={step.over_field || null} onChange={(name) => change({ over_field: name ?? '', over: name ? step.over : '0' })} />}
        {step.over_field && <NumberInput label="is over" w={110} value={Number(step.over)} onChange={(over) => change({ over: String(over || 0) })} />}
        <Remove label={`Remove step ${number}`} onClick={remove} />
      </Group>
    </Paper>
  );
}
