// Ctrl+K: go to a channel, person or page, or do something, by a few letters; `>` shows what can be done.
import { Group, Modal, Text, TextInput } from '@mantine/core';
import { IconHash, IconLock, IconSearch } from '@tabler/icons-react';
import { useState, type KeyboardEvent, type ReactNode } from 'react';

import { tellFailure } from '../app/parts';
import { t } from '../i18n/text';
import classes from './chat.module.css';
import { useCommands } from './commands';
import { channelName, nameOf, useWorkplace, type Workplace } from './context';
import { Face } from './Face';

const MAX_SHOWN = 9;

interface Target {
  key: string;
  name: string;
  hint: string;
  sign: ReactNode;
  unread: number;
  go: () => void;
}

export function Switcher({ opened, onClose }: { opened: boolean; onClose: () => void }) {
  return (
    <Modal opened={opened} onClose={onClose} withCloseButton={false} padding="xs" yOffset="12vh" attributes={{ content: { 'aria-label': t('goTo') } }}>
      <Targets close={onClose} />
    </Modal>
  );
}

function targetsOf({ home, users, me, openChannel, openDirect }: Workplace): Target[] {
  const channels = home.channels
    .filter(({ channel }) => !channel.is_im)
    .map(({ channel, unread }) => ({
      key: channel.id,
      name: channelName(channel, users, me.id),
      hint: channel.topic?.value ?? '',
      sign: channel.is_private ? <IconLock size={18} /> : <IconHash size={18} />,
      unread,
      go: () => openChannel(channel.id),
    }));
  const people = home.users
    .filter((user) => !user.deleted)
    .map((user) => ({
      key: user.id,
      name: nameOf(user),
      hint: `@${user.name}`,
      sign: <Face user={user} size={22} />,
      unread: home.channels.find(({ channel }) => channel.user === user.id)?.unread ?? 0,
      go: () => void openDirect(user.id).catch(tellFailure),
    }));
  return [...channels, ...people].sort((a, b) => b.unread - a.unread);
}

function Targets({ close }: { close: () => void }) {
  const [search, setSearch] = useState('');
  const [active, setActive] = useState(0);
  const words = search.trim().toLowerCase().replace(/^[#@>]\s*/, '');
  const places = targetsOf(useWorkplace());
  const commands = useCommands().map(({ icon: Icon, ...command }) => ({ ...command, hint: '', sign: <Icon size={18} />, unread: 0 }));
  const all = search.trim().startsWith('>') ? commands : words === '' ? places : [...places, ...commands];
  const matching = all.filter((target) => target.name.toLowerCase().includes(words) || target.hint.toLowerCase().includes(`@${words}`));
  const found = matching.sort((a, b) => Number(b.name.toLowerCase().startsWith(words)) - Number(a.name.toLowerCase().startsWith(words))).slice(0, search.trim().startsWith('>') ? commands.length : MAX_SHOWN);
  const go = (target: Target | undefined) => {
    if (target === undefined) return;
    target.go();
    close();
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step !== undefined) {
      event.preventDefault();
      setActive((active + step + found.length) % Math.max(1, found.length));
    }
    if (event.key === 'Enter') go(found[active]);
  };
  return (
    <>
      <TextInput
        placeholder={t('goToOrDo')}
        aria-label={t('goToAChannelOrPerson')}
        leftSection={<IconSearch size={16} />}
        data-autofocus
        value={search}
        onChange={(event) => {
          setSearch(event.currentTarget.value);
          setActive(0);
        }}
        onKeyDown={onKeyDown}
        mb={6}
      />
      <div role="listbox" aria-label={t('places')}>
        {found.map((target, index) => (
          <div key={target.key} role="option" aria-selected={index === active} className={index === active ? classes.suggestionActive : classes.suggestion} onClick={() => go(target)}>
            <Group gap="sm" wrap="nowrap">
              {target.sign}
              <Text fw={600}>{target.name}</Text>
              <Text size="sm" c="dimmed" truncate>
                {target.hint}
              </Text>
            </Group>
          </div>
        ))}
      </div>
      {found.length === 0 && (
        <Text c="dimmed" ta="center" p="md">
          {t('nothingOfThatName')}
        </Text>
      )}
    </>
  );
}
