// What the word under the caret may become: @people, #channels, :emoji:.
import { Group, Text } from '@mantine/core';
import { useEffect, useRef } from 'react';
import { t } from '../i18n/text';

import { Face } from './Face';
import classes from './chat.module.css';
import { nameOf } from './context';
import type { Command } from './desk/commands';
import { everythingNow, loadEverything, searchEmoji } from './emoji';
import type { Home, User } from './types';

export interface Suggestion {
  key: string;
  insert: string;
  label: string;
  hint: string;
  user?: User;
  sign?: string;
}

const MAX_SHOWN = 8;
const TRIGGER = /(^|[\s(])([@#:])([\w.+-]*)$|(^)(\/)([\w.+-]*)$/;

// The mark and the letters typed since, when the caret stands behind such a word.
export function triggerOf(textBeforeCaret: string): { mark: string; letters: string } | null {
  const match = TRIGGER.exec(textBeforeCaret);
  if (match === null) return null;
  const mark = match[2] ?? match[5]!;
  const letters = match[3] ?? match[6]!;
  return mark === ':' && letters.length < 2 ? null : { mark, letters: letters.toLowerCase() };
}

export function suggest({ mark, letters }: { mark: string; letters: string }, home: Home, commands: Command[]): Suggestion[] {
  if (mark === '/') {
    const found = commands.filter(({ command }) => command.slice(1).toLowerCase().startsWith(letters));
    return found.slice(0, MAX_SHOWN).map((item) => ({ key: item.app_id + item.command, insert: `${item.command} `, label: item.command, hint: `${item.usage_hint} ${item.description}`.trim(), sign: '/' }));
  }
  if (mark === ':') {
    void loadEverything();
    return searchEmoji(letters, everythingNow(), MAX_SHOWN).map(({ name, native }) => ({ key: name, insert: `:${name}: `, label: `:${name}:`, hint: '', sign: native }));
  }
  if (mark === '#') {
    const channels = home.channels.filter(({ channel }) => channel.name?.includes(letters) && !channel.is_mpim);
    return channels.slice(0, MAX_SHOWN).map(({ channel }) => ({ key: channel.id, insert: `#${channel.name} `, label: `#${channel.name}`, hint: channel.topic?.value ?? '', sign: '#' }));
  }
  const people = home.users.filter((user) => !user.deleted && (user.name.startsWith(letters) || nameOf(user).toLowerCase().includes(letters)));
  const found: Suggestion[] = people.map((user) => ({ key: user.id, insert: `@${user.name} `, label: nameOf(user), hint: `@${user.name}`, user }));
  if ('here'.startsWith(letters)) found.push({ key: 'here', insert: '@here ', label: '@here', hint: t('everyoneHereNow'), sign: '@' });
  return found.slice(0, MAX_SHOWN);
}

export function SuggestionList({ id, items, active, pick }: { id: string; items: Suggestion[]; active: number; pick: (item: Suggestion) => void }) {
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => {
    box.current?.children[active]?.scrollIntoView({ block: 'nearest' });
  }, [active]);
  return (
    <div ref={box} id={id} role="listbox" aria-label={t('suggestions')} className={classes.suggestions}>
      {items.map((item, index) => (
        <div
          key={item.key}
          id={`${id}-${index}`}
          role="option"
          aria-selected={index === active}
          className={index === active ? classes.suggestionActive : classes.suggestion}
          onMouseDown={(event) => {
            event.preventDefault();
            pick(item);
          }}
        >
          <Group gap={8} wrap="nowrap">
            {item.user ? <Face user={item.user} size={22} /> : <span className={classes.sign}>{item.sign}</span>}
            <Text size="sm" fw={600}>
              {item.label}
            </Text>
            <Text size="xs" c="dimmed" truncate>
              {item.hint}
            </Text>
          </Group>
        </div>
      ))}
    </div>
  );
}
