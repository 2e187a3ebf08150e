// Taking the workplace out in Slack's form: public channels, or everything while the switch is on.
import { Button, Group, Stack, Switch, Text, TextInput, Title } from '@mantine/core';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';

import { rest } from '../../api/client';
import { tellFailure } from '../../app/parts';
import { t } from '../../i18n/text';
import { TransferList } from './TransferList';
import { transfersKey } from './transfers';

const complianceKey = ['chat', 'compliance'] as const;

interface Compliance {
  enabled: boolean;
}

export function Exports() {
  const queries = useQueryClient();
  const compliance = useQuery({ queryKey: complianceKey, queryFn: () => rest.get<Compliance>('/chat/compliance') });
  const [after, setAfter] = useState('');
  const [before, setBefore] = useState('');
  const isOpen = compliance.data?.enabled ?? false;
  const start = async (kind: 'public' | 'everything') => {
    await rest.post(`/chat/exports/${kind}`, { after: toSeconds(after), before: toSeconds(before) });
    await queries.invalidateQueries({ queryKey: transfersKey('exports') });
  };
  const turn = async (enabled: boolean) => {
    queries.setQueryData(complianceKey, await rest.put<Compliance>('/chat/compliance', { enabled }));
  };
  return (
    <Stack component="section" aria-label={t('export')} gap="sm">
      <Title order={2} fz={16}>
        {t('export')}
      </Title>
      <Text size="sm" c="dimmed">
        {t('exportAbout')}
      </Text>
      <Group align="end">
        <TextInput type="date" label={t('fromDay')} value={after} onChange={(event) => setAfter(event.currentTarget.value)} />
        <TextInput type="date" label={t('beforeDay')} value={before} onChange={(event) => setBefore(event.currentTarget.value)} />
        <Button onClick={() => void start('public').catch(tellFailure)}>{t('exportPublic')}</Button>
        <Button variant="default" disabled={!isOpen} onClick={() => void start('everything').catch(tellFailure)}>
          {t('exportEverything')}
        </Button>
      </Group>
      <Switch label={t('compliance')} description={t('complianceAbout')} checked={isOpen} onChange={(event) => void turn(event.currentTarget.checked).catch(tellFailure)} />
      <TransferList kind="exports" />
    </Stack>
  );
}

const toSeconds = (day: string) => (day === '' ? 0 : Date.parse(`${day}T00:00:00Z`) / 1000);
