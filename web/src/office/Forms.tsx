// The forms that can be filled in.
import { Button, SimpleGrid, Stack, Text } from '@mantine/core';
import { useState } from 'react';

import { useCall } from '../api/call';
import type { Form } from '../api/schema';
import { Failed, Surface, Waiting } from '../app/parts';
import { FillDialog } from './FillDialog';

export function Forms() {
  const { data, error, isPending } = useCall('listForms', {});
  const [filling, setFilling] = useState<Form | null>(null);
  if (isPending) return <Waiting />;
  if (error !== null) return <Failed error={error} />;
  return (
    <>
      {filling && <FillDialog form={filling} onClose={() => setFilling(null)} />}
      <SimpleGrid cols={{ base: 1, sm: 2, lg: 3 }}>
        {data.items
          .filter((form) => form.enabled)
          .map((form) => (
            <Surface key={form.id} title={form.title}>
              <Stack justify="space-between" mih={90}>
                <Text size="sm" c="dimmed">
                  {form.about}
                </Text>
                <Button variant="light" onClick={() => setFilling(form)}>
                  Fill in
                </Button>
              </Stack>
            </Surface>
          ))}
      </SimpleGrid>
    </>
  );
}
