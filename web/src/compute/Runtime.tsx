// What runs instances on this machine, and how far it keeps them apart: said plainly.
import { Badge, Group, List, Text } from '@mantine/core';
import { IconShield } from '@tabler/icons-react';

import { useCall } from '../api/call';
import { Surface } from '../app/parts';

const KINDS: Record<string, string> = { container: 'Containers', process: 'Processes', vm: 'Virtual machines' };

export function RuntimeNote() {
  const { data } = useCall('getComputeCatalog', {});
  if (!data) return null;
  const { runtime } = data;
  return (
    <Surface
      title={
        <Group gap={8}>
          <IconShield size={18} stroke={1.7} />
          {KINDS[runtime.kind] ?? runtime.kind} by {runtime.engine}
        </Group>
      }
      aside={
        <Group gap={6}>
          <Badge variant="light" tt="none" color={runtime.limits ? 'green' : 'orange'}>
            {runtime.limits ? 'limits enforced' : 'no limits'}
          </Badge>
          <Badge variant="light" tt="none" color={runtime.internet ? 'green' : 'gray'}>
            {runtime.internet ? 'internet' : 'no internet'}
          </Badge>
        </Group>
      }
    >
      <Text size="sm">Isolation: {runtime.isolation}.</Text>
      {runtime.notes.length > 0 && (
        <List size="xs" c="dimmed" mt={6}>
          {runtime.notes.map((note) => (
            <List.Item key={note}>{note}</List.Item>
          ))}
        </List>
      )}
    </Surface>
  );
}
