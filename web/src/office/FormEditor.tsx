// Making a form of approvals, or changing one: its questions, and who decides in which order.
import { ActionIcon, Button, Checkbox, Group, Modal, MultiSelect, NumberInput, Paper, Select, Stack, TagsInput, Text, TextInput } from '@mantine/core';
import { IconPlus, IconTrash } from '@tabler/icons-react';
import { useState } from 'react';

import { useChange } from '../api/call';
import type { Form, FormField, FormStep } from '../api/schema';
import { t } from '../i18n/text';
import { usePeople, type Person } from './people';

const kinds = () => [
  { value: 'text', label: t('kindText') },
  { value: 'long-text', label: t('kindLongText') },
  { value: 'number', label: t('kindNumber') },
  { value: 'money', label: t('kindMoney') },
  { value: 'date', label: t('kindDate') },
  { value: 'choice', label: t('kindChoice') },
  { value: 'files', label: t('kindFiles') },
];
const deciders = () => [
  { value: 'manager', label: t('aManager') },
  { value: 'people', label: t('thesePeople') },
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
  const put = useChange('putForm', { reads: ['listForms'], done: t('formKept') });
  const save = () => {
    const named: FormField[] = [];
    for (const field of fields) named.push({ ...field, name: field.name || nameFrom(field.label, [...fields, ...named].map((item) => item.name)), choices: field.kind === 'choice' ? field.choices : [] });
    const name = form?.name ?? nameFrom(title, []);
    put.mutate({ name, title, about, fields: named, steps, copies, enabled }, { onSuccess: close });
  };
  const numbers = fields.filter((field) => field.name && ['number', 'money'].includes(field.kind ?? 'text')).map((field) => ({ value: field.name, label: field.label }));
  return (
    <Modal opened onClose={close} size="xl" title={form ? t('changeNamed', { title: form.title }) : t('newForm')}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          save();
        }}
      >
        <Stack>
          <TextInput label={t('title')} required value={title} onChange={(event) => setTitle(event.currentTarget.value)} data-autofocus />
          <TextInput label={t('whatFor')} value={about} onChange={(event) => setAbout(event.currentTarget.value)} />
          <Text fw={600}>{t('questions')}</Text>
          {fields.map((field, at) => (
            <FieldRow key={at} number={at + 1} field={field} change={(changes) => setFields(replaced(fields, at, changes))} remove={() => setFields(fields.filter((_, index) => index !== at))} />
          ))}
          <Add label={t('addQuestion')} onClick={() => setFields([...fields, { ...NEW_FIELD }])} />
          <Text fw={600}>{t('whoDecides')}</Text>
          {steps.map((step, at) => (
            <StepRow key={at} number={at + 1} step={step} people={people} numbers={numbers} change={(changes) => setSteps(replaced(steps, at, changes))} remove={() => setSteps(steps.filter((_, index) => index !== at))} />
          ))}
          <Add label={t('addStep')} onClick={() => setSteps([...steps, { ...NEW_STEP }])} />
          <MultiSelect label={t('whoGetsCopy')} searchable data={people.map((person) => ({ value: person.id, label: person.name }))} value={copies} onChange={setCopies} />
          <Checkbox label={t('formEnabled')} checked={enabled} onChange={(event) => setEnabled(event.currentTarget.checked)} />
          <Group justify="flex-end">
            <Button type="submit" loading={put.isPending} disabled={fields.length === 0 || steps.length === 0}>
              {t('save')}
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
        <TextInput label={t('questionNumber', { number })} required style={{ flex: 1, minWidth: 180 }} value={field.label} onChange={(event) => change({ label: event.currentTarget.value })} />
        <Select label={t('kind')} w={130} data={kinds()} allowDeselect={false} value={field.kind} onChange={(kind) => change({ kind: kind ?? 'text' })} />
        <Checkbox label={t('needed')} mb={8} checked={field.required} onChange={(event) => change({ required: event.currentTarget.checked })} />
        <Remove label={t('removeQuestion', { number })} onClick={remove} />
      </Group>
      {field.kind === 'choice' && <TagsInput mt="xs" label={t('choices')} description={t('choicesAbout')} value={field.choices} onChange={(choices) => change({ choices })} />}
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
        <Select label={t('stepNumber', { number })} w={150} data={deciders()} allowDeselect={false} value={step.kind} onChange={(kind) => change({ kind: kind ?? 'manager', people: [] })} />
        {isManager && <NumberInput label={t('levelsUp')} w={100} min={1} max={5} value={step.level} onChange={(level) => change({ level: Number(level) || 1 })} />}
        {!isManager && <MultiSelect label={t('people')} style={{ flex: 1, minWidth: 200 }} searchable data={people.map((person) => ({ value: person.id, label: person.name }))} value={step.people} onChange={(chosen) => change({ people: chosen })} />}
        {!isManager && <Checkbox label={t('allOfThem')} mb={8} checked={step.everyone} onChange={(event) => change({ everyone: event.currentTarget.checked })} />}
        {numbers.length > 0 && <Select label={t('onlyWhen')} placeholder={t('always')} clearable w={150} data={numbers} value={step.over_field || null} onChange={(name) => change({ over_field: name ?? '', over: name ? step.over : '0' })} />}
        {step.over_field && <NumberInput label={t('isOver')} w={110} value={Number(step.over)} onChange={(over) => change({ over: String(over || 0) })} />}
        <Remove label={t('removeStep', { number })} onClick={remove} />
      </Group>
    </Paper>
  );
}
