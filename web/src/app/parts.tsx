// What every page is made of: its frame, its empty state, its error. One look for all services.
import { Alert, Box, Button, Center, CopyButton, Group, Loader, Stack, Text, ThemeIcon, Title, Tooltip, ActionIcon } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { IconAlertTriangle, IconCheck, IconCopy } from '@tabler/icons-react';
import type { ReactNode } from 'react';

import { fromServer } from '../i18n/server';
import { t } from '../i18n/text';

export function Page({ title, about, actions, children }: { title: ReactNode; about?: ReactNode; actions?: ReactNode; children: ReactNode }) {
  return (
    <Stack gap="lg" p={{ base: 'sm', sm: 'lg' }} maw={1280} mx="auto">
      <Group justify="space-between" align="flex-end" gap="sm">
        <Box>
          <Title order={1} fz={26}>
            {title}
          </Title>
          {about && (
            <Text c="dimmed" size="sm">
              {about}
            </Text>
          )}
        </Box>
        {actions && <Group gap="xs">{actions}</Group>}
      </Group>
      {children}
    </Stack>
  );
}

export function Surface({ title, aside, children }: { title?: ReactNode; aside?: ReactNode; children: ReactNode }) {
  return (
    <Box className="surface" p="md" component="section">
      {title && (
        <Group justify="space-between" mb="sm">
          <Title order={2} fz={16}>
            {title}
          </Title>
          {aside}
        </Group>
      )}
      {children}
    </Box>
  );
}

// Nothing here yet: says what this is for and what to do next.
export function Empty({ icon, title, children, action }: { icon: ReactNode; title: string; children?: ReactNode; action?: ReactNode }) {
  return (
    <Center py={48} px="md">
      <Stack align="center" gap="sm" maw={440}>
        <ThemeIcon size={56} radius="xl" variant="light">
          {icon}
        </ThemeIcon>
        <Title order={3} fz={18} ta="center">
          {title}
        </Title>
        <Text c="dimmed" ta="center" size="sm">
          {children}
        </Text>
        {action}
      </Stack>
    </Center>
  );
}

export function Failed({ error, retry }: { error: unknown; retry?: () => void }) {
  return (
    <Alert color="red" icon={<IconAlertTriangle size={18} />} title={t('didNotWork')} role="alert">
      <Text size="sm">{messageOf(error)}</Text>
      {retry && (
        <Button size="compact-sm" variant="light" color="red" mt="xs" onClick={retry}>
          {t('tryAgain')}
        </Button>
      )}
    </Alert>
  );
}

export function Waiting({ label = t('loading') }: { label?: string }) {
  return (
    <Center py={64}>
      <Loader role="img" aria-label={label} />
    </Center>
  );
}

export function messageOf(error: unknown): string {
  return fromServer(error instanceof Error ? error.message : String(error));
}

export function tell(message: string): void {
  notifications.show({ message, icon: <IconCheck size={16} />, color: 'volano' });
}

export function tellFailure(error: unknown): void {
  notifications.show({ title: t('didNotWork'), message: messageOf(error), color: 'red', autoClose: 9000 });
}

export function Copy({ value, label = t('copy') }: { value: string; label?: string }) {
  return (
    <CopyButton value={value}>
      {({ copied, copy }) => (
        <Tooltip label={copied ? t('copied') : label}>
          <ActionIcon variant="subtle" color={copied ? 'teal' : 'gray'} onClick={copy} aria-label={label}>
            {copied ? <IconCheck size={16} /> : <IconCopy size={16} />}
          </ActionIcon>
        </Tooltip>
      )}
    </CopyButton>
  );
}
