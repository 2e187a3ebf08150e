// A file by its name and size, to open or to keep.
import { ActionIcon, Anchor, Group, Text, ThemeIcon, Tooltip } from '@mantine/core';
import { IconDownload, IconFile } from '@tabler/icons-react';

import { formatBytes } from '../app/format';
import { t } from '../i18n/text';
import classes from './chat.module.css';
import type { SharedFile } from './types';

// The address as seen from this page, whatever name the server gives itself.
export function hereOf(url: string): string {
  const { pathname, search } = new URL(url, location.origin);
  return pathname + search;
}

export function FileCard({ file }: { file: SharedFile }) {
  return (
    <Group className={classes.file} wrap="nowrap" gap="sm">
      <ThemeIcon variant="light" size={38}>
        <IconFile size={20} />
      </ThemeIcon>
      <div style={{ minWidth: 0 }}>
        <Anchor href={hereOf(file.url_private)} target="_blank" rel="noreferrer" size="sm" fw={600} truncate display="block">
          {file.title}
        </Anchor>
        <Text size="xs" c="dimmed">
          {file.name === file.title ? '' : `${file.name}, `}
          {formatBytes(file.size)}
        </Text>
      </div>
      <Download file={file} />
    </Group>
  );
}

export function Download({ file }: { file: SharedFile }) {
  return (
    <Tooltip label={t('download')}>
      <ActionIcon component="a" href={hereOf(file.url_private_download)} download={file.name} variant="subtle" color="gray" size="sm" aria-label={t('downloadFile', { name: file.name })}>
        <IconDownload size={15} />
      </ActionIcon>
    </Tooltip>
  );
}
