// A secret that is shown once: copy it now or make another.
import { Alert, Button, Code, Group, Modal, Stack, Text } from '@mantine/core';
import { IconKey } from '@tabler/icons-react';
import { useState } from 'react';

import { Copy } from '../app/parts';
import { t } from '../i18n/text';

export interface Shown {
  title: string;
  text: string;
  values: { label: string; value: string }[];
}

export function useSecret(): { reveal: (shown: Shown) => void; dialog: React.ReactNode } {
  const [shown, setShown] = useState<Shown | null>(null);
  const dialog = (
    <Modal opened={shown !== null} onClose={() => setShown(null)} title={shown?.title} centered size="lg" closeOnClickOutside={false}>
      {shown && <Body shown={shown} close={() => setShown(null)} />}
    </Modal>
  );
  return { reveal: setShown, dialog };
}

function Body({ shown, close }: { shown: Shown; close: () => void }) {
  return (
    <Stack>
      <Alert color="amber" icon={<IconKey size={18} />}>
        {shown.text}
      </Alert>
      {shown.values.map(({ label, value }) => (
        <div key={label}>
          <Text size="sm" fw={500} mb={2}>
            {label}
          </Text>
          <Group gap={4} wrap="nowrap" align="flex-start">
            <Code block className="wrap-anywhere" style={{ flex: 1 }} data-testid={`secret-${label}`}>
              {value}
            </Code>
            <Copy value={value} label={t('copyNamed', { label: label.toLowerCase() })} />
          </Group>
        </div>
      ))}
      <Group justify="flex-end">
        <Button onClick={close}>{t('iHaveKeptIt')}</Button>
      </Group>
    </Stack>
  );
}
