// With whom a document is shared: people and channels, to view or to edit.
import { Button, CloseButton, Group, Modal, Select, Stack, Text } from '@mantine/core';
import { useState } from 'react';

import { useCall, useChange } from '../api/call';
import type { DocumentView, ShareView } from '../api/schema';
import { Copy, Failed, Waiting } from '../app/parts';
import { t } from '../i18n/text';
import { useChannels, usePeople } from '../office/people';

const roles = () => [
  { value: 'view', label: t('mayRead') },
  { value: 'edit', label: t('mayEdit') },
];

export function ShareDialog({ document, close }: { document: DocumentView; close: () => void }) {
  const { data, error } = useCall('listDocumentShares', { id: document.id });
  return (
    <Modal opened onClose={close} title={t('shareNamed', { title: document.title })}>
      {error !== null && <Failed error={error} />}
      {data === undefined && error === null && <Waiting />}
      {data && <Shares document={document} shares={data.items} close={close} />}
    </Modal>
  );
}

function Shares({ document, shares, close }: { document: DocumentView; shares: ShareView[]; close: () => void }) {
  const { people, nameOf } = usePeople();
  const channels = useChannels();
  const [items, setItems] = useState(shares);
  const save = useChange('shareDocument', { reads: ['listDocumentShares'], done: t('sharingChanged') });
  const isMine = document.role === 'own';
  const titleOf = (target: string) => channels.find((item) => item.id === target)?.name ?? nameOf(target);
  const isNew = (target: string) => target !== document.owner && !items.some((item) => item.target === target);
  const options = [
    { group: t('people'), items: people.filter((person) => isNew(person.id)).map((person) => ({ value: person.id, label: person.name })) },
    { group: t('channels'), items: channels.filter((item) => isNew(item.id)).map((item) => ({ value: item.id, label: item.name })) },
  ];
  const link = `${window.location.origin}/docs/${document.id}`;
  return (
    <Stack>
      <Text size="sm">{t('ownedBy', { name: nameOf(document.owner) })}</Text>
      {items.map((item) => (
        <Group key={item.target} justify="space-between" wrap="nowrap">
          <Text size="sm">{titleOf(item.target)}</Text>
          <Group gap="xs" wrap="nowrap">
            <Select size="xs" w={120} aria-label={t('whatMayDo', { name: titleOf(item.target) })} data={roles()} value={item.role} allowDeselect={false} disabled={!isMine} onChange={(role) => setItems(items.map((one) => (one === item ? { ...one, role: role ?? 'view' } : one)))} />
            {isMine && <CloseButton size="sm" aria-label={t('stopSharing', { name: titleOf(item.target) })} onClick={() => setItems(items.filter((one) => one !== item))} />}
          </Group>
        </Group>
      ))}
      {isMine && <Select label={t('shareWith')} placeholder={t('personOrChannel')} searchable data={options} value={null} onChange={(target) => target && setItems([...items, { target, role: 'edit' }])} />}
      <Group gap="xs">
        <Text size="xs" c="dimmed" style={{ overflowWrap: 'anywhere' }}>
          {link}
        </Text>
        <Copy value={link} label={t('copyTheLink')} />
      </Group>
      {isMine && (
        <Group justify="flex-end">
          <Button loading={save.isPending} onClick={() => save.mutate({ id: document.id, shares: items }, { onSuccess: close })}>
            {t('save')}
          </Button>
        </Group>
      )}
    </Stack>
  );
}
