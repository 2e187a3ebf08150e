// A small table of emoji with a search; arrow keys are the browser's Tab.
import { Popover, TextInput, UnstyledButton, Text } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { useEffect, useRef, useState, type ReactElement } from 'react';
import { t } from '../i18n/text';

import classes from './chat.module.css';
import { EMOJI, PICKABLE } from './emoji';

export function EmojiPicker({ target, onPick, onChange }: { target: (open: () => void) => ReactElement; onPick: (name: string) => void; onChange?: (isOpen: boolean) => void }) {
  const [opened, { open, close }] = useDisclosure();
  const [search, setSearch] = useState('');
  const latest = useRef(onChange);
  latest.current = onChange;
  useEffect(() => latest.current?.(opened), [opened]);
  const words = search.trim().toLowerCase().replaceAll(' ', '_');
  const found = PICKABLE.filter((name) => name.includes(words));
  const pick = (name: string) => {
    onPick(name);
    setSearch('');
    close();
  };
  return (
    <Popover opened={opened} onChange={(isOpen) => !isOpen && close()} trapFocus withinPortal shadow="md" position="top-end" returnFocus>
      <Popover.Target>{target(open)}</Popover.Target>
      <Popover.Dropdown p="xs" w={292}>
        <TextInput
          size="xs"
          placeholder={t('searchEmoji')}
          aria-label={t('searchEmoji')}
          data-autofocus
          value={search}
          onChange={(event) => setSearch(event.currentTarget.value)}
          onKeyDown={(event) => event.key === 'Enter' && found[0] && pick(found[0])}
          mb="xs"
        />
        <div className={classes.emojis}>
          {found.map((name) => (
            <UnstyledButton key={name} className={classes.emoji} onClick={() => pick(name)} aria-label={name} title={`:${name}:`}>
              {EMOJI[name]}
            </UnstyledButton>
          ))}
        </div>
        {found.length === 0 && (
          <Text size="sm" c="dimmed" ta="center">
            {t('noneOfThatName')}
          </Text>
        )}
      </Popover.Dropdown>
    </Popover>
  );
}
