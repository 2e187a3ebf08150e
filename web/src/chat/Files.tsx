// Files of a message, with a preview where there is one; everything is one press away from the disk.
import { Anchor, Group, Modal, Text, ThemeIcon, UnstyledButton } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { IconExternalLink } from '@tabler/icons-react';

import { slack, send } from '../api/client';
import { t } from '../i18n/text';
import classes from './chat.module.css';
import { Download, FileCard, hereOf } from './FileCard';
import { previewOf } from './Previews';
import type { SharedFile } from './types';

export function Files({ files }: { files: SharedFile[] }) {
  return (
    <Group gap="xs" mt={4} align="flex-start">
      {files.map((file) => (
        <OneFile key={file.id} file={file} />
      ))}
    </Group>
  );
}

function OneFile({ file }: { file: SharedFile }) {
  if (file.mode === 'tombstone') return <Gone name={file.name} />;
  if (file.is_external) return <Elsewhere file={file} />;
  if (file.mimetype.startsWith('image/')) return <Picture file={file} />;
  const Preview = previewOf(file);
  if (Preview === null) return <FileCard file={file} />;
  return (
    <div className={classes.previewed}>
      <FileCard file={file} />
      <Preview file={file} />
    </div>
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
