// Write to somebody: everyone of the workplace, found by name.
import { Group, Modal, Stack, Text, TextInput, UnstyledButton } from '@mantine/core';
import { useState } from 'react';

import { tellFailure } from '../app/parts';
import { t } from '../i18n/text';
import classes from './chat.module.css';
import { nameOf, ownName, useWorkplace } from './context';
import { Face } from './Face';

export function PeopleDialog({ opened, onClose, onGo }: { opened: boolean; onClose: () => void; onGo: () => void }) {
  return (
    <Modal opened={opened} onClose={onClose} title={t('writeToSomebody')}>
      <People
        done={() => {
          onClose();
          onGo();
        }}
      />
    </Modal>
  );
}

function People({ done }: { done: () => void }) {
  const { home, me, openDirect } = useWorkplace();
  const [search, setSearch] = useState('');
  const words = search.trim().toLowerCase().replace(/^@/, '');
  const found = home.users.filter((user) => !user.deleted && (user.name.includes(words) || nameOf(user).toLowerCase().includes(words)));
  const go = (id: string) => openDirect(id).then(done, tellFailure);
  return (
    <Stack gap="sm">
      <TextInput
        placeholder={t('name')}
        aria-label={t('searchPeople')}
        data-autofocus
        value={search}
        onChange={(event) => setSearch(event.currentTarget.value)}
        onKeyDown={(event) => event.key === 'Enter' && found[0] && void go(found[0].id)}
      />
      <div className={classes.choices}>
        {found.map((user) => (
          <UnstyledButton key={user.id} className={classes.choice} w="100%" onClick={() => void go(user.id)}>
            <Group gap="sm" wrap="nowrap">
              <Face user={user} size={30} />
              <Text fw={600} truncate>
                {ownName(user, user.id, me.id)}
              </Text>
              <Text size="sm" c="dimmed" truncate>
                @{user.name}
              </Text>
            </Group>
          </UnstyledButton>
        ))}
        {found.length === 0 && (
          <Text c="dimmed" ta="center" p="md">
            {t('nobodyOfThatNameNewPeople')}
          </Text>
        )}
      </div>
    </Stack>
  );
}
