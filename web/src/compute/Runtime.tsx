// What runs instances on this machine, and how far it keeps them apart: said plainly.
import { Badge, Group, List, Text } from '@mantine/core';
import { IconShield } from '@tabler/icons-react';

import { useCall } from '../api/call';
import { Surface } from '../app/parts';
import { fromServer } from '../i18n/server';
import { t, type TextKey } from '../i18n/text';

const KINDS: Record<string, TextKey> = { container: 'byContainers', process: 'byProcesses', vm: 'byVms' };

export function RuntimeNote() {
  const { data } = useCall('getComputeCatalog', {});
  if (!data) return null;
  const { runtime } = data;
  return (
    <Surface
      title={
        <Group gap={8}>
          <IconShield size={18} stroke={1.7} />
          {t('runtimeBy', { kind: KINDS[runtime.kind] ? t(KINDS[runtime.kind]!) : runtime.kind, engine: runtime.engine })}
        </Group>
      }
      aside={
        <Group gap={6}>
          <Badge variant="light" tt="none" color={runtime.limits ? 'green' : 'orange'}>
            {runtime.limits ? t('limitsEnforced') : t('noLimits')}
          </Badge>
          <Badge variant="light" tt="none" color={runtime.internet ? 'green' : 'gray'}>
            {runtime.internet ? t('hasInternet') : t('noInternet')}
          </Badge>
        </Group>
      }
    >
      <Text size="sm">{t('isolationOf', { isolation: fromServer(runtime.isolation) })}</Text>
      {runtime.notes.length > 0 && (
        <List size="xs" c="dimmed" mt={6}>
          {runtime.notes.map((note) => (
            <List.Item key={note}>{fromServer(note)}</List.Item>
          ))}
        </List>
      )}
    </Surface>
  );
}
