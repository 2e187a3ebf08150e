// Bringing another workplace in: choose its export, watch it come.
import { Button, FileInput, Group, Stack, Switch, Text, Title } from '@mantine/core';
import { useQueryClient } from '@tanstack/react-query';
import { useState, type FormEvent } from 'react';

import { rest, send } from '../../api/client';
import { tellFailure } from '../../app/parts';
import { t } from '../../i18n/text';
import { TransferList } from './TransferList';
import { transfersKey } from './transfers';

export function Imports() {
  const queries = useQueryClient();
  const [file, setFile] = useState<File | null>(null);
  const [fetches, setFetches] = useState(false);
  const [isSending, setSending] = useState(false);
  const start = async (archive: File) => {
    const place = await rest.post<{ file: string; upload_url: string }>('/chat/imports/uploads', { name: archive.name, size_bytes: archive.size });
    await send('POST', new URL(place.upload_url, location.origin).pathname, { body: archive, headers: { 'content-type': 'application/octet-stream' } });
    await rest.post('/chat/imports', { file: place.file, files: fetches ? 'fetch' : 'links' });
    setFile(null);
    await queries.invalidateQueries({ queryKey: transfersKey('imports') });
  };
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (file === null) return;
    setSending(true);
    start(file)
      .catch(tellFailure)
      .finally(() => setSending(false));
  };
  return (
    <Stack component="section" aria-label={t('import')} gap="sm">
      <Title order={2} fz={16}>
        {t('import')}
      </Title>
      <Text size="sm" c="dimmed">
        {t('importAbout')}
      </Text>
      <form onSubmit={submit}>
        <Group align="end">
          <FileInput label={t('archive')} placeholder={t('chooseArchive')} accept=".zip,.gz,.tgz,.tar" value={file} onChange={setFile} w={320} clearable clearButtonProps={{ 'aria-label': t('remove') }} />
          <Button type="submit" disabled={file === null} loading={isSending}>
            {t('import')}
          </Button>
        </Group>
        <Switch mt="sm" label={t('fetchFiles')} description={t('fetchFilesAbout')} checked={fetches} onChange={(event) => setFetches(event.currentTarget.checked)} />
      </form>
      <TransferList kind="imports" />
    </Stack>
  );
}
