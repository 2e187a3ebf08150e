// What Ctrl+K does besides going to channels and people: pages, and things done at once.
import { useComputedColorScheme, useMantineColorScheme } from '@mantine/core';
import { IconApps, IconAt, IconBell, IconBellOff, IconBookmark, IconBuildingCommunity, IconChecks, IconInbox, IconMessages, IconMoon, IconPencil, IconSearch, IconSun, IconUrgent, type TablerIcon } from '@tabler/icons-react';
import { useQueryClient } from '@tanstack/react-query';
import { useNavigate } from 'react-router';

import { rest } from '../api/client';
import { PLACES } from '../app/nav';
import { tell, tellFailure } from '../app/parts';
import { useUsable } from '../app/usable';
import { t, type TextKey } from '../i18n/text';
import { homeKey } from './cache';
import { usePause } from './desk/Pause';

const PAUSE_MINUTES = 60;

export interface Command {
  key: string;
  name: string;
  icon: TablerIcon;
  go: () => void;
}

const LISTS: [string, TextKey, TablerIcon][] = [
  ['search', 'search', IconSearch],
  ['catch-up', 'catchUp', IconInbox],
  ['mentions', 'mentions', IconAt],
  ['threads', 'threads', IconMessages],
  ['later', 'later', IconBookmark],
  ['drafts', 'drafts', IconPencil],
  ['urgent', 'urgent', IconUrgent],
  ['directory', 'directory', IconBuildingCommunity],
  ['apps', 'apps', IconApps],
];

export function useCommands(): Command[] {
  const navigate = useNavigate();
  const isUsable = useUsable();
  const actions = useActions();
  const goTo = (path: string) => () => void navigate(path);
  const lists = LISTS.map(([path, text, icon]) => ({ key: path, name: t(text), icon, go: goTo(`/chat/${path}`) }));
  const places = PLACES.filter((place) => place.path !== '/chat' && isUsable(place.path)).map((place) => ({ key: place.path, name: t(place.label), icon: place.icon, go: goTo(place.path) }));
  return [...actions, ...lists, ...places];
}

function useActions(): Command[] {
  const queries = useQueryClient();
  const pause = usePause();
  const { setColorScheme } = useMantineColorScheme();
  const isLight = useComputedColorScheme('light') === 'light';
  const readAll = async () => {
    await rest.post('/chat/unread/read');
    await Promise.all([homeKey, ['chat', 'unread'], ['chat', 'desk']].map((queryKey) => queries.invalidateQueries({ queryKey })));
  };
  return [
    { key: 'read', name: t('markAllRead'), icon: IconChecks, go: () => void readAll().then(() => tell(t('allRead')), tellFailure) },
    { key: 'pause', name: t('pauseForAnHour'), icon: IconBellOff, go: () => pause(PAUSE_MINUTES) },
    { key: 'resume', name: t('resumeNotices'), icon: IconBell, go: () => pause(0) },
    { key: 'colours', name: t(isLight ? 'useDarkColours' : 'useLightColours'), icon: isLight ? IconMoon : IconSun, go: () => setColorScheme(isLight ? 'dark' : 'light') },
  ];
}
