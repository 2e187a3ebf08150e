// Instance types as cards, one family at a time.
import { Input, Radio, SegmentedControl, SimpleGrid, Stack, Text } from '@mantine/core';
import { useState } from 'react';

import type { TypeObject } from '../api/schema';
import { t } from '../i18n/text';
import { FAMILIES, familiesOf, hourly, shapeOf } from './families';

export function TypePicker({ types, value, onChange }: { types: TypeObject[]; value: string; onChange: (name: string) => void }) {
  const families = familiesOf(types);
  const [family, setFamily] = useState(types.find((type) => type.name === value)?.family ?? families[0]!);
  const shown = types.filter((type) => type.family === family);
  const pick = (next: string) => {
    setFamily(next);
    onChange(types.find((type) => type.family === next && type.name.endsWith('.small'))?.name ?? types.find((type) => type.family === next)!.name);
  };
  return (
    <Stack gap="xs">
      <Input.Label component="div" id="type-label" mb={-6}>
        {t('instanceType')}
      </Input.Label>
      <SegmentedControl fullWidth size="xs" value={family} onChange={pick} data={families.map((name) => ({ value: name, label: FAMILIES[name] ? t(FAMILIES[name].title) : name }))} aria-label={t('family')} />
      <Text size="xs" c="dimmed">
        {FAMILIES[family] && t(FAMILIES[family].about)}
      </Text>
      <Radio.Group value={value} onChange={onChange} aria-labelledby="type-label">
        <SimpleGrid cols={{ base: 1, xs: 2 }} spacing="xs">
          {shown.map((type) => (
            <Radio.Card key={type.name} value={type.name} p="sm" radius="md" className="pick-card" aria-label={`${type.name}, ${shapeOf(type)}, ${hourly(type)}`}>
              <Text size="sm" fw={600}>
                {type.name}
              </Text>
              <Text size="xs" c="dimmed">
                {shapeOf(type)}
                {type.guaranteed_cpu < type.vcpus && t('guaranteed', { cpu: type.guaranteed_cpu })}
              </Text>
              <Text size="xs" fw={500}>
                {hourly(type)}
              </Text>
            </Radio.Card>
          ))}
        </SimpleGrid>
      </Radio.Group>
    </Stack>
  );
}
