// Every emoji by its group, with a search by name and meaning; the last ones used come first.
import { Button, Popover, TextInput, UnstyledButton, Text } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { useEffect, useRef, useState, type ReactElement } from 'react';
import { t, type TextKey } from '../i18n/text';

import { AddEmoji } from './AddEmoji';
import classes from './chat.module.css';
import { PICKABLE, searchEmoji, useEverything } from './emoji';
import { useOwnEmoji } from './ownEmoji';

const MAX_FOUND = 120;
const MAX_USED = 18;
const USED = 'volano.chat.emoji';

function lastUsed(): string[] {
  const kept: unknown = JSON.parse(localStorage.getItem(USED) ?? '[]');
  return Array.isArray(kept) ? kept.map(String) : [];
}

function keepUsed(name: string): void {
  localStorage.setItem(USED, JSON.stringify([name, ...lastUsed().filter((other) => other !== name)].slice(0, MAX_USED)));
}

const TITLES: Record<string, TextKey> = { people: 'emojiPeople', nature: 'emojiNature', foods: 'emojiFoods', activity: 'emojiActivity', places: 'emojiPlaces', objects: 'emojiObjects', symbols: 'emojiSymbols', flags: 'emojiFlags' };

interface EmojiGroup {
  title: string;
  emoji: { name: string; native: string; url?: string }[];
}

function groupsOf(all: ReturnType<typeof useEverything>): EmojiGroup[] {
  const often = [...new Set([...lastUsed(), ...PICKABLE])].slice(0, MAX_USED).flatMap((name) => searchEmoji(name, all, 1));
  const groups = (all?.CATEGORIES ?? []).map(({ id }) => ({ title: t(TITLES[id] ?? 'emoji'), emoji: all!.ENTRIES.filter((entry) => entry.category === id) }));
  return [{ title: t('emojiOften'), emoji: often }, ...groups];
}

export function EmojiPicker({ target, onPick, onChange }: { target: (open: () => void) => ReactElement; onPick: (name: string) => void; onChange?: (isOpen: boolean) => void }) {
  const [opened, { open, close }] = useDisclosure();
  const [search, setSearch] = useState('');
  const [isAdding, adding] = useDisclosure();
  const latest = useRef(onChange);
  latest.current = onChange;
  useEffect(() => latest.current?.(opened), [opened]);
  const all = useEverything(opened);
  const words = search.trim().toLowerCase().replaceAll(' ', '_');
  const own = [...useOwnEmoji().values()].filter(({ name }) => name.includes(words));
  const found = words === '' ? groupsOf(all) : [{ title: '', emoji: searchEmoji(words, all, MAX_FOUND) }];
  const groups: EmojiGroup[] = own.length === 0 ? found : [{ title: t('emojiOwn'), emoji: own }, ...found];
  const first = groups[0]?.emoji[0];
  const pick = (name: string) => {
    onPick(name);
    keepUsed(name);
    setSearch('');
    close();
  };
  return (
    <Popover opened={opened} onChange={(isOpen) => !isOpen && close()} trapFocus withinPortal shadow="md" position="top-end" returnFocus>
      <Popover.Target>{target(open)}</Popover.Target>
      <Popover.Dropdown p="xs" w={318}>
        <TextInput
          size="xs"
          placeholder={t('searchEmoji')}
          aria-label={t('searchEmoji')}
          data-autofocus
          value={search}
          onChange={(event) => setSearch(event.currentTarget.value)}
          onKeyDown={(event) => event.key === 'Enter' && first && pick(first.name)}
          mb="xs"
        />
        <div className={classes.emojiTable}>
          {groups.map(({ title, emoji }) => (
            <section key={title} aria-label={title || t('emoji')}>
              {title && (
                <Text size="xs" c="dimmed" fw={600} my={4}>
                  {title}
                </Text>
              )}
              <div className={classes.emojis}>
                {emoji.map(({ name, native, url }) => (
                  <UnstyledButton key={name} className={classes.emoji} onClick={() => pick(name)} aria-label={name} title={`:${name}:`}>
                    {url ? <img src={url} alt="" className={classes.ownEmoji} /> : native}
                  </UnstyledButton>
                ))}
              </div>
            </section>
          ))}
        </div>
        {first === undefined && (
          <Text size="sm" c="dimmed" ta="center">
            {t('noneOfThatName')}
          </Text>
        )}
        {isAdding ? (
          <AddEmoji close={adding.close} />
        ) : (
          <Button variant="subtle" size="compact-xs" fullWidth mt={6} onClick={adding.open}>
            {t('addEmoji')}
          </Button>
        )}
      </Popover.Dropdown>
    </Popover>
  );
}
