// What a document said before, and going back to it.
import { Button, Group, Modal, NavLink, ScrollArea, Stack, Text } from '@mantine/core';
import { useState } from 'react';

import { useCall, useChange } from '../api/call';
import { formatTime } from '../app/format';
import { Markdown } from '../app/markdown';
import { Failed, Waiting } from '../app/parts';
import { t } from '../i18n/text';
import { usePeople } from '../office/people';

export function VersionsDialog({ id, canEdit, close }: { id: string; canEdit: boolean; close: () => void }) {
  const { data, error } = useCall('listDocumentVersions', { id });
  const { nameOf } = usePeople();
  const [chosen, setChosen] = useState<number | null>(null);
  const restore = useChange('restoreDocumentVersion', { reads: ['listDocumentVersions'], done: t('textRestored') });
  return (
    <Modal opened onClose={close} title={t('versions')} size="xl">
      {error !== null && <Failed error={error} />}
      {data === undefined && error === null && <Waiting />}
      {data?.items.length === 0 && <Text c="dimmed">{t('noVersions')}</Text>}
      <Group align="flex-start">
        <Stack gap={0} w={240}>
          {data?.items.map((item) => <NavLink key={item.version} component="button" active={chosen === item.version} label={formatTime(item.created_us)} description={t('versionBy', { name: nameOf(item.editor), count: item.characters })} onClick={() => setChosen(item.version)} />)}
        </Stack>
        {chosen !== null && (
          <Stack style={{ flex: 1, minWidth: 240 }}>
            <VersionText id={id} version={chosen} />
            {canEdit && (
              <Group justify="flex-end">
                <Button loading={restore.isPending} onClick={() => restore.mutate({ id, version: chosen }, { onSuccess: close })}>
                  {t('goBackToThis')}
                </Button>
              </Group>
            )}
          </Stack>
        )}
      </Group>
    </Modal>
  );
}

function VersionText({ id, version }: { id: string; version: number }) {
  const { data, error } = useCall('getDocumentVersion', { id, version });
  if (error !== null) return <Failed error={error} />;
  if (data === undefined) return <Waiting />;
  return (
    <ScrollArea.Autosize mah={400}>
      <Markdown text={data.text} />
    </ScrollArea.Autosize>
  );
}
