// The forms that can be filled in; administrators make and change them here.
import { Button, Group, SimpleGrid, Stack, Text } from '@mantine/core';
import { useState } from 'react';

import { useCall } from '../api/call';
import type { Form } from '../api/schema';
import { Failed, Surface, Waiting } from '../app/parts';
import { t } from '../i18n/text';
import { FillDialog } from './FillDialog';
import { FormEditor } from './FormEditor';
import { ready } from './ready';

export function Forms() {
  const { data, error, isPending } = useCall('listForms', {});
  const home = useCall('getChatHome', {}).data;
  const [filling, setFilling] = useState<Form | null>(null);
  const [changing, setChanging] = useState<Form | 'new' | null>(null);
  const isAdministrator = home?.user.is_admin === true;
  if (isPending) return <Waiting />;
  if (error !== null) return <Failed error={error} />;
  return (
    <>
      {filling && <FillDialog form={filling} onClose={() => setFilling(null)} />}
      {changing && <FormEditor form={changing === 'new' ? undefined : changing} close={() => setChanging(null)} />}
      {isAdministrator && (
        <Group justify="flex-end" mb="md">
          <Button variant="light" onClick={() => setChanging('new')}>
            {t('newForm')}
          </Button>
        </Group>
      )}
      <SimpleGrid cols={{ base: 1, sm: 2, lg: 3 }}>
        {data.items
          .filter((form) => form.enabled || isAdministrator)
          .map((form) => (
            <Surface key={form.id} title={ready(form.title)}>
              <Stack justify="space-between" mih={90}>
                <Text size="sm" c="dimmed">
                  {ready(form.about)}
                </Text>
                <Group gap="xs" grow>
                  <Button variant="light" disabled={!form.enabled} onClick={() => setFilling(form)}>
                    {t('fillIn')}
                  </Button>
                  {isAdministrator && (
                    <Button variant="default" onClick={() => setChanging(form)}>
                      {t('change')}
                    </Button>
                  )}
                </Group>
              </Stack>
            </Surface>
          ))}
      </SimpleGrid>
    </>
  );
}
