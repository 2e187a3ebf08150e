// A dialog with a form: what is asked, and the two buttons below it.
import { Button, Group, Modal, Stack } from '@mantine/core';
import type { ReactNode } from 'react';

import { t } from '../i18n/text';

interface FormDialogProps {
  title: string;
  yes: string;
  busy: boolean;
  submit: () => unknown;
  onClose: () => void;
  children: ReactNode;
}

export function FormDialog({ title, yes, busy, submit, onClose, children }: FormDialogProps) {
  return (
    <Modal opened onClose={onClose} title={title}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          submit();
        }}
      >
        <Stack>
          {children}
          <Group justify="flex-end">
            <Button variant="default" onClick={onClose}>
              {t('cancel')}
            </Button>
            <Button type="submit" loading={busy}>
              {yes}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}
