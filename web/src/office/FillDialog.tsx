// Filling a form: its fields, and who will decide about it as it is filled in now.
import { Button, Group, Modal, NumberInput, Select, Stack, Text, Textarea, TextInput } from '@mantine/core';
import { useForm } from '@mantine/form';
import { useDebouncedValue } from '@mantine/hooks';

import { useCall, useChange } from '../api/call';
import type { ApprovalView, FormField } from '../api/schema';
import { t } from '../i18n/text';
import { AttachmentInput } from './Attachments';
import { decidersOf, usePeople } from './people';
import { ready } from './ready';

interface Fillable {
  id: string;
  title: string;
  fields: FormField[];
}

export function FillDialog({ form, again, onClose }: { form: Fillable; again?: ApprovalView; onClose: () => void }) {
  const { nameOf } = usePeople();
  const filled = useForm<Record<string, string>>({
    initialValues: Object.fromEntries(form.fields.map((field) => [field.name, again?.values[field.name] ?? ''])),
    validate: (values) =>
      Object.fromEntries(form.fields.filter((field) => field.required && !values[field.name]?.trim()).map((field) => [field.name, t('isNeeded')])),
  });
  const [values] = useDebouncedValue(filled.values, 400);
  const way = useCall('forecastApproval', { form: form.id, values }, { keep: true, enabled: form.fields.every((field) => !field.required || values[field.name]?.trim()) });
  const reads = ['listApprovals' as const, 'getApproval' as const];
  const send = useChange('sendApproval', { reads, done: t('sentOnItsWay') });
  const sendAgain = useChange('sendApprovalAgain', { reads, done: t('sentAgain') });
  const submit = (given: Record<string, string>) => {
    const after = { onSuccess: onClose };
    if (again) sendAgain.mutate({ id: again.id, values: given }, after);
    else send.mutate({ form: form.id, values: given }, after);
  };
  return (
    <Modal opened onClose={onClose} title={ready(form.title)}>
      <form onSubmit={filled.onSubmit(submit)}>
        <Stack>
          {form.fields.map((field) => (
            <Input key={field.name} field={field} {...filled.getInputProps(field.name)} />
          ))}
          {way.data && (
            <Text size="sm" c="dimmed">
              {t('willDecide', { names: way.data.steps.map((step) => decidersOf(step, nameOf)).join(t('then')) })}
            </Text>
          )}
          <Group justify="flex-end">
            <Button variant="default" onClick={onClose}>
              {t('cancel')}
            </Button>
            <Button type="submit" loading={send.isPending || sendAgain.isPending}>
              {t('send')}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}

interface InputProps {
  field: FormField;
  value?: string;
  onChange: (value: string) => void;
  error?: React.ReactNode;
}

function Input({ field, value = '', onChange, error }: InputProps) {
  const shared = { label: ready(field.label), required: field.required, error };
  if (field.kind === 'choice') {
    return <Select {...shared} data={(field.choices ?? []).map((choice) => ({ value: choice, label: ready(choice) }))} value={value || null} onChange={(chosen) => onChange(chosen ?? '')} />;
  }
  if (field.kind === 'files') return <AttachmentInput {...shared} value={value} onChange={onChange} />;
  if (field.kind === 'number' || field.kind === 'money') {
    return <NumberInput {...shared} value={value} onChange={(number) => onChange(String(number))} decimalScale={field.kind === 'money' ? 2 : undefined} />;
  }
  if (field.kind === 'long-text') {
    return <Textarea {...shared} autosize minRows={3} value={value} onChange={(event) => onChange(event.currentTarget.value)} />;
  }
  return <TextInput {...shared} type={field.kind === 'date' ? 'date' : 'text'} value={value} onChange={(event) => onChange(event.currentTarget.value)} />;
}
