// Uploads in progress, in the corner of the page: a bar per file, stop and try again.
import { ActionIcon, Affix, Box, CloseButton, Group, Paper, Progress, ScrollArea, Stack, Text, Tooltip } from '@mantine/core';
import { IconCheck, IconRefresh, IconX } from '@tabler/icons-react';

import { formatBytes } from '../app/format';
import { t } from '../i18n/text';
import { clearUploads, isOpen, retryUpload, stopUpload, useUploads, type Upload } from './uploads';

export function UploadPanel() {
  const uploads = useUploads();
  if (uploads.length === 0) return null;
  const open = uploads.filter(isOpen).length;
  const failed = uploads.filter((row) => row.state === 'failed').length;
  const done = uploads.filter((row) => row.state === 'done').length;
  const title = open > 0 ? t('uploadingOf', { open, count: uploads.length }) : failed > 0 ? t('uploadsFailed', { failed, done }) : t('uploadsDone', { done });
  return (
    <Affix position={{ bottom: 16, right: 16 }} zIndex={150}>
      <Paper withBorder shadow="lg" w={340} maw="calc(100vw - 32px)" component="section" aria-label={t('uploads')}>
        <Group justify="space-between" px="md" py="xs">
          <Text size="sm" fw={600} role="status" aria-live="polite">
            {title}
          </Text>
          {open === 0 && <CloseButton onClick={clearUploads} aria-label={t('closeUploads')} />}
        </Group>
        <ScrollArea.Autosize mah={240} px="md" pb="sm">
          <Stack gap="sm">
            {[...uploads].reverse().map((row) => (
              <Row key={row.id} row={row} />
            ))}
          </Stack>
        </ScrollArea.Autosize>
      </Paper>
    </Affix>
  );
}

function Row({ row }: { row: Upload }) {
  const percent = Math.round(row.fraction * 100);
  return (
    <Box data-upload={row.key} data-state={row.state}>
      <Group justify="space-between" wrap="nowrap" gap="xs">
        <Text size="xs" truncate title={`${row.bucket}/${row.key}`}>
          {row.key}
        </Text>
        <Group gap={4} wrap="nowrap">
          <Text size="xs" c="dimmed" style={{ whiteSpace: 'nowrap' }}>
            {row.state === 'sending' ? `${percent} %` : row.state === 'done' ? formatBytes(row.size) : row.state}
          </Text>
          <Mark row={row} />
        </Group>
      </Group>
      {isOpen(row) && <Progress value={percent} size="xs" mt={2} aria-label={t('uploadOf', { key: row.key, percent })} />}
      {row.problem && (
        <Text size="xs" c="red" role="alert">
          {row.problem}
        </Text>
      )}
    </Box>
  );
}

function Mark({ row }: { row: Upload }) {
  if (row.state === 'done') return <IconCheck size={16} color="var(--mantine-color-green-6)" aria-label={t('proposalDone')} />;
  const again = row.state === 'failed' || row.state === 'stopped';
  return (
    <Tooltip label={again ? t('tryAgain') : t('stopIt')}>
      <ActionIcon size="sm" variant="subtle" color="gray" onClick={() => (again ? retryUpload(row.id) : stopUpload(row.id))} aria-label={`${again ? t('tryAgain') : t('stopIt')}: ${row.key}`}>
        {again ? <IconRefresh size={14} /> : <IconX size={14} />}
      </ActionIcon>
    </Tooltip>
  );
}
