// One setting of a bucket: what it is now, in a sentence, and the way to change it.
import { Badge, Button, Group, Modal, Stack, Text } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import type { ReactNode } from 'react';

import { Failed, Surface } from '../../app/parts';
import { t } from '../../i18n/text';

interface Props {
  title: string;
  about: string;
  state?: { text: string; color: string };
  error?: unknown;
  action?: ReactNode;
  children?: ReactNode;
}

export function Setting({ title, about, state, error = null, action, children }: Props) {
  const badge = state && (
    <Badge variant="light" color={state.color} tt="none" data-state>
      {state.text}
    </Badge>
  );
  return (
    <div data-setting={title}>
      <Surface
        title={title}
        aside={
          <Group gap="xs">
            {badge}
            {action}
          </Group>
        }
      >
        <Stack gap="sm">
          <Text size="sm" c="dimmed">
            {about}
          </Text>
          {error !== null && <Failed error={error} />}
          {children}
        </Stack>
      </Surface>
    </div>
  );
}

interface DialogProps {
  label: string;
  title: string;
  size?: string;
  children: (close: () => void) => ReactNode;
}

// A button that opens a form; the form closes it.
export function FormButton({ label, title, size, children }: DialogProps) {
  const [opened, { open, close }] = useDisclosure(false);
  return (
    <>
      <Button size="xs" variant="default" onClick={open}>
        {label}
      </Button>
      <Modal opened={opened} onClose={close} title={title} centered size={size}>
        {opened && children(close)}
      </Modal>
    </>
  );
}

export function FormEnd({ close, busy, yes = t('save'), disabled }: { close: () => void; busy: boolean; yes?: string; disabled?: boolean }) {
  return (
    <Group justify="flex-end" gap="xs">
      <Button variant="default" onClick={close}>
        {t('cancel')}
      </Button>
      <Button type="submit" loading={busy} disabled={disabled}>
        {yes}
      </Button>
    </Group>
  );
}
