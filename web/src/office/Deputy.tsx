// Who decides for me while I am away.
import { Button, Group, Select, Text, TextInput } from '@mantine/core';
import { useState } from 'react';

import { useCall, useChange } from '../api/call';
import type { DeputyView } from '../api/schema';
import { Surface } from '../app/parts';
import { t } from '../i18n/text';
import { usePeople } from './people';

export function Deputy() {
  const { data } = useCall('getDeputy', {});
  return data ? <Named key={`${data.deputy}${data.until_us}`} deputy={data} /> : null;
}

function dayOf(us: number): string {
  return us > 0 ? new Date(us / 1000).toLocaleDateString('sv') : '';
}

function Named({ deputy }: { deputy: DeputyView }) {
  const { me, people } = usePeople();
  const put = useChange('putDeputy', { reads: ['getDeputy'], done: t('deputyKept') });
  const [who, setWho] = useState(deputy.deputy);
  const [from, setFrom] = useState(dayOf(deputy.from_us));
  const [until, setUntil] = useState(dayOf(deputy.until_us - 1));
  const others = people.filter((person) => person.id !== me).map((person) => ({ value: person.id, label: person.name }));
  const save = () => {
    const end = new Date(`${until}T00:00`);
    const days = { from_us: new Date(`${from}T00:00`).getTime() * 1000, until_us: new Date(end.getFullYear(), end.getMonth(), end.getDate() + 1).getTime() * 1000 };
    put.mutate(who ? { deputy: who, ...days } : { deputy: '' });
  };
  return (
    <Surface title={t('whileAway')}>
      <Text size="sm" c="dimmed" mb="sm">
        {t('whileAwayAbout')}
      </Text>
      <Group align="flex-end">
        <Select label={t('decidesForMe')} placeholder={t('nobody')} searchable clearable data={others} value={who || null} onChange={(chosen) => setWho(chosen ?? '')} />
        <TextInput label={t('firstDay')} type="date" value={from} onChange={(event) => setFrom(event.currentTarget.value)} disabled={!who} />
        <TextInput label={t('lastDay')} type="date" value={until} onChange={(event) => setUntil(event.currentTarget.value)} disabled={!who} />
        <Button variant="light" loading={put.isPending} disabled={who !== '' && (!from || !until)} onClick={save}>
          {t('save')}
        </Button>
      </Group>
    </Surface>
  );
}
