// Items that were found, to be chosen and corrected; the button makes tasks of them.
import { Button, Checkbox, Group, Select, Stack, Text, TextInput } from '@mantine/core';
import { useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';

import { rest } from '../../api/client';
import { tell, tellFailure } from '../../app/parts';
import { t } from '../../i18n/text';
import type { Item } from './writing';

interface Props {
  items: Item[];
  channel?: string;
  people: { value: string; label: string }[];
  done?: () => void;
}

interface Row {
  item: Item;
  isChosen: boolean;
  title: string;
  assignee: string | null;
  day: string;
}

const dayOf = (due_us: number) => (due_us > 0 ? new Date(due_us / 1000).toISOString().slice(0, 10) : '');
const dueOf = (day: string) => (day === '' ? 0 : new Date(`${day}T17:00:00Z`).getTime() * 1000);

export function ItemsForm({ items, channel = '', people, done }: Props) {
  const queries = useQueryClient();
  const [rows, setRows] = useState<Row[]>(() => items.map((item) => ({ item, isChosen: true, title: item.title, assignee: item.assignee_id || null, day: dayOf(item.due_us) })));
  const [isBusy, setBusy] = useState(false);
  const change = (index: number, part: Partial<Row>) => setRows((now) => now.map((row, place) => (place === index ? { ...row, ...part } : row)));
  const chosen = rows.filter((row) => row.isChosen && row.title.trim() !== '');
  const make = async () => {
    setBusy(true);
    try {
      for (const { item, title, assignee, day } of chosen) {
        const origin = channel && item.ts ? { channel, message_ts: item.ts } : {};
        await rest.post('/tasks', { title: title.trim(), assignee: assignee ?? '', due_us: dueOf(day), ...origin });
        setRows((now) => now.filter((row) => row.item !== item));
      }
      await queries.invalidateQueries({ queryKey: ['listTasks'] });
      tell(t('tasksMade', { count: chosen.length }));
      done?.();
    } catch (error) {
      tellFailure(error);
    } finally {
      setBusy(false);
    }
  };
  return (
    <Stack gap="sm">
      {rows.map((row, index) => (
        <Group key={`${row.item.ts}${row.item.title}`} gap="xs" wrap="nowrap" align="flex-start">
          <Checkbox mt={8} aria-label={t('takeItem', { title: row.title })} checked={row.isChosen} onChange={(event) => change(index, { isChosen: event.currentTarget.checked })} />
          <Stack gap={4} style={{ flex: 1 }}>
            <TextInput aria-label={t('taskTitle')} value={row.title} onChange={(event) => change(index, { title: event.currentTarget.value })} />
            <Group gap="xs" grow>
              <Select aria-label={t('whoDoesIt')} placeholder={row.item.assignee || t('you')} data={people} searchable clearable value={row.assignee} onChange={(assignee) => change(index, { assignee })} />
              <TextInput type="date" aria-label={t('dueDay')} value={row.day} onChange={(event) => change(index, { day: event.currentTarget.value })} />
            </Group>
          </Stack>
        </Group>
      ))}
      <Group justify="space-between">
        <Text size="xs" c="dimmed">
          {t('nothingIsMadeBefore')}
        </Text>
        <Button onClick={() => void make()} loading={isBusy} disabled={chosen.length === 0}>
          {t('makeTasks', { count: chosen.length })}
        </Button>
      </Group>
    </Stack>
  );
}
