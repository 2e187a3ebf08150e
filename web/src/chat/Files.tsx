// Files of a message: pictures and the first lines of texts are shown, everything is one press away from the disk.
import { ActionIcon, Anchor, Group, Modal, Text, ThemeIcon, Tooltip, UnstyledButton } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { IconDownload, IconExternalLink, IconFile } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';

import { slack, send } from '../api/client';
import { formatBytes } from '../app/format';
import { t } from '../i18n/text';
import classes from './chat.module.css';
import { Code } from './Code';
import type { SharedFile } from './types';

// The address as seen from this page, whatever name the server gives itself.
function hereOf(url: string): string {
  const { pathname, search } = new URL(url, location.origin);
  return pathname + search;
}

export function Files({ files }: { files: SharedFile[] }) {
  return (
    <Group gap="xs" mt={4} align="flex-start">
      {files.map((file) => (file.mode === 'tombstone' ? <Gone key={file.id} name={file.name} /> : file.is_external ? <Elsewhere key={file.id} file={file} /> : file.mimetype.startsWith('image/') ? <Picture key={file.id} file={file} /> : isText(file) ? <TextFile key={file.id} file={file} /> : <FileCard key={file.id} file={file} />))}
    </Group>
  );
}

// A file that was deleted, or that never came with an import.
function Gone({ name }: { name?: string }) {
  return (
    <Text size="sm" c="dimmed" fs="italic">
      {name ? t('fileIsGoneNamed', { name }) : t('fileIsGone')}
    </Text>
  );
}

// A file of another service: a link that leads there.
function Elsewhere({ file }: { file: SharedFile }) {
  return (
    <Group className={classes.file} wrap="nowrap" gap="sm">
      <ThemeIcon variant="light" size={38}>
        <IconExternalLink size={20} />
      </ThemeIcon>
      <Anchor href={file.url_private} target="_blank" rel="noreferrer noopener" size="sm" fw={600} truncate>
        {file.title || file.name}
      </Anchor>
    </Group>
  );
}

function Picture({ file }: { file: SharedFile }) {
  const [opened, { open, close }] = useDisclosure();
  const source = hereOf(file.url_private);
  const alt = file.alt_txt ?? file.title;
  return (
    <figure className={classes.figure}>
      <Group gap={6} component="figcaption">
        <Text size="xs" c="dimmed" truncate maw={260}>
          {file.name}
        </Text>
        <Download file={file} />
      </Group>
      <UnstyledButton onClick={open} aria-label={t('enlarge', { name: file.name })}>
        <img src={source} alt={alt} className={classes.picture} loading="lazy" />
      </UnstyledButton>
      <Modal opened={opened} onClose={close} title={file.title} size="auto" centered>
        <img src={source} alt={alt} className={classes.large} />
      </Modal>
    </figure>
  );
}

const MAX_TEXT_BYTES = 256 * 1024;
const SHOWN_LINES = 8;

function isText({ mimetype, size }: SharedFile): boolean {
  return size <= MAX_TEXT_BYTES && (/^text\/(?!html)/.test(mimetype) || /^application\/(json|x-yaml|toml|sql)$/.test(mimetype));
}

// The first lines of a text file, and all of it on a press.
function TextFile({ file }: { file: SharedFile }) {
  const [isWhole, setWhole] = useState(false);
  const source = hereOf(file.url_private);
  const text = useQuery({ queryKey: ['chat', 'file', file.id], queryFn: async () => (await send('GET', source)).text(), staleTime: Infinity });
  const lines = (text.data ?? '').split('\n');
  return (
    <div className={classes.textFile}>
      <FileCard file={file} />
      {text.data !== undefined && <Code text={(isWhole ? lines : lines.slice(0, SHOWN_LINES)).join('\n')} language={file.name.split('.').at(-1) ?? ''} />}
      {lines.length > SHOWN_LINES && (
        <Anchor component="button" size="sm" onClick={() => setWhole(!isWhole)}>
          {isWhole ? t('showLess') : t('showAllLines', { count: lines.length })}
        </Anchor>
      )}
    </div>
  );
}

function FileCard({ file }: { file: SharedFile }) {
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

function Download({ file }: { file: SharedFile }) {
  return (
    <Tooltip label={t('download')}>
      <ActionIcon component="a" href={hereOf(file.url_private_download)} download={file.name} variant="subtle" color="gray" size="sm" aria-label={t('downloadFile', { name: file.name })}>
        <IconDownload size={15} />
      </ActionIcon>
    </Tooltip>
  );
}

// Uploads the files and shares them in one message; `text` goes with them.
export async function shareFiles(channel: string, thread: string | null, files: File[], text: string): Promise<void> {
  await slack('files.completeUploadExternal', {
    files: await sendBytes(files),
    channel_id: channel,
    ...(thread ? { thread_ts: thread } : {}),
    ...(text ? { initial_comment: text } : {}),
  });
}

// Uploads the files without sharing them anywhere yet.
export async function uploadFiles(files: File[]): Promise<{ id: string; title: string }[]> {
  const uploaded = await sendBytes(files);
  await slack('files.completeUploadExternal', { files: uploaded });
  return uploaded;
}

async function sendBytes(files: File[]): Promise<{ id: string; title: string }[]> {
  const uploaded: { id: string; title: string }[] = [];
  for (const file of files) {
    const place = await slack<{ upload_url: string; file_id: string }>('files.getUploadURLExternal', { filename: file.name, length: file.size });
    await send('POST', hereOf(place.upload_url), { body: file, headers: { 'content-type': 'application/octet-stream' } });
    uploaded.push({ id: place.file_id, title: file.name });
  }
  return uploaded;
}
