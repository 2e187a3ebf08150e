// The channels and people of one's workplace, with what is unread, and the lists beside them.
import { ActionIcon, Badge, Button, Group, Indicator, ScrollArea, Text, Tooltip, UnstyledButton } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { IconApps, IconAt, IconBookmark, IconBuildingCommunity, IconHash, IconInbox, IconLock, IconMessages, IconPencil, IconPlus, IconSearch, IconSettings, IconSparkles, IconTransfer, IconUrgent, IconUsers } from '@tabler/icons-react';
import type { ReactNode } from 'react';
import { Link } from 'react-router';

import { tellFailure } from '../app/parts';
import { t, type TextKey } from '../i18n/text';
import { BrowseDialog } from './BrowseDialog';
import classes from './chat.module.css';
import { channelName, inOrder, useWorkplace } from './context';
import { PauseMenu } from './desk/Pause';
import { usePresence } from './desk/presence';
import { Settings } from './desk/Settings';
import { Face } from './Face';
import { PeopleDialog } from './PeopleDialog';
import type { Seat } from './types';

export function Sidebar({ current, openSwitcher, onGo }: { current: string; openSwitcher: () => void; onGo: () => void }) {
  const { home, users, me, desk, openDirect } = useWorkplace();
  const [browseOpen, browse] = useDisclosure();
  const [peopleOpen, people] = useDisclosure();
  const [settingsOpen, settings] = useDisclosure();
  const name = (seat: Seat) => channelName(seat.channel, users, me.id);
  const seats = inOrder(home.channels, name);
  const channels = seats.filter(({ channel }) => !channel.is_im && !channel.is_mpim);
  const direct = seats.slice(channels.length);
  const ask = () => {
    openDirect(home.copilot.id).then(onGo, tellFailure);
  };
  const unread = home.channels.reduce((sum, seat) => sum + (desk.preferences.muted.includes(seat.channel.id) ? 0 : seat.unread), 0);
  return (
    <nav className={classes.sidebar} aria-label={t('channelsAndPeople')}>
      <Group justify="space-between" px="sm" pt="sm" wrap="nowrap">
        <Text fw={700} truncate>
          {home.team.name}
        </Text>
        <Group gap={2} wrap="nowrap">
          <PauseMenu />
          <Tooltip label={t('chatSettings')}>
            <ActionIcon variant="subtle" color="gray" onClick={settings.open} aria-label={t('chatSettings')}>
              <IconSettings size={17} />
            </ActionIcon>
          </Tooltip>
          <Tooltip label={t('goToCtrlK')}>
            <ActionIcon variant="subtle" color="gray" onClick={openSwitcher} aria-label={t('goToAChannelOrPerson')}>
              <IconSearch size={17} />
            </ActionIcon>
          </Tooltip>
        </Group>
      </Group>
      <div style={{ padding: '8px 12px' }}>
        <Button fullWidth variant="light" color="amber" leftSection={<IconSparkles size={17} />} onClick={ask}>
          {t('askTheCopilot')}
        </Button>
      </div>
      <ScrollArea style={{ flex: 1 }} type="auto" scrollbarSize={8}>
        <ListLink path="search" text="search" icon={<IconSearch size={16} />} current={current} onGo={onGo} />
        <ListLink path="catch-up" text="catchUp" icon={<IconInbox size={16} />} count={unread} current={current} onGo={onGo} />
        <ListLink path="mentions" text="mentions" icon={<IconAt size={16} />} current={current} onGo={onGo} />
        <ListLink path="threads" text="threads" icon={<IconMessages size={16} />} count={desk.unread_threads} current={current} onGo={onGo} />
        <ListLink path="later" text="later" icon={<IconBookmark size={16} />} count={desk.saved.filter((item) => !item.done).length} isQuiet current={current} onGo={onGo} />
        <ListLink path="drafts" text="drafts" icon={<IconPencil size={16} />} count={desk.drafts.length} isQuiet current={current} onGo={onGo} />
        <ListLink path="urgent" text="urgent" icon={<IconUrgent size={16} />} current={current} onGo={onGo} />
        <ListLink path="directory" text="directory" icon={<IconBuildingCommunity size={16} />} current={current} onGo={onGo} />
        <ListLink path="apps" text="apps" icon={<IconApps size={16} />} current={current} onGo={onGo} />
        {me.is_admin && <ListLink path="administration" text="importAndExport" icon={<IconTransfer size={16} />} current={current} onGo={onGo} />}
        <Section title={t('channels')} label={t('findOrMakeAChannel')} onAdd={browse.open}>
          {channels.map((seat) => (
            <Place key={seat.channel.id} seat={seat} name={name(seat)} isCurrent={seat.channel.id === current} onGo={onGo} />
          ))}
        </Section>
        <Section title={t('directMessages')} label={t('writeToSomebody')} onAdd={people.open}>
          {direct.map((seat) => (
            <Place key={seat.channel.id} seat={seat} name={name(seat)} isCurrent={seat.channel.id === current} onGo={onGo} />
          ))}
          {direct.length === 0 && (
            <Button variant="subtle" size="compact-sm" color="gray" mx={8} onClick={people.open}>
              {t('writeToSomebody')}
            </Button>
          )}
        </Section>
      </ScrollArea>
      <BrowseDialog opened={browseOpen} onClose={browse.close} onGo={onGo} />
      <PeopleDialog opened={peopleOpen} onClose={people.close} onGo={onGo} />
      <Settings opened={settingsOpen} close={settings.close} />
    </nav>
  );
}

interface ListLinkProps {
  path: string;
  text: TextKey;
  icon: ReactNode;
  count?: number;
  isQuiet?: boolean; // the count is told, but nobody waits
  current: string;
  onGo: () => void;
}

function ListLink({ path, text, icon, count = 0, isQuiet = false, current, onGo }: ListLinkProps) {
  const isCurrent = current === path;
  return (
    <UnstyledButton component={Link} to={`/chat/${path}`} onClick={onGo} className={isCurrent ? classes.placeCurrent : count > 0 && !isQuiet ? classes.placeUnread : classes.place} aria-current={isCurrent ? 'page' : undefined}>
      {icon}
      <Text span truncate style={{ flex: 1 }} inherit>
        {t(text)}
      </Text>
      {count > 0 && (
        <Text span size="xs" c="dimmed">
          {count}
        </Text>
      )}
    </UnstyledButton>
  );
}

function Section({ title, label, onAdd, children }: { title: string; label: string; onAdd: () => void; children: ReactNode }) {
  return (
    <div className={classes.sidebarSection}>
      <Group justify="space-between" px={12} mb={2}>
        <Text size="xs" fw={650} c="dimmed">
          {title}
        </Text>
        <Tooltip label={label}>
          <ActionIcon variant="subtle" color="gray" size="sm" onClick={onAdd} aria-label={label}>
            <IconPlus size={15} />
          </ActionIcon>
        </Tooltip>
      </Group>
      {children}
    </div>
  );
}

function Place({ seat, name, isCurrent, onGo }: { seat: Seat; name: string; isCurrent: boolean; onGo: () => void }) {
  const { openChannel, desk } = useWorkplace();
  const { channel } = seat;
  const isMuted = desk.preferences.muted.includes(channel.id);
  const unread = isMuted ? 0 : seat.unread;
  const hasDraft = desk.drafts.some((draft) => draft.channel === channel.id);
  const go = () => {
    openChannel(channel.id);
    onGo();
  };
  const unreadText = unread > 99 ? '99+' : String(unread);
  return (
    <UnstyledButton className={isCurrent ? classes.placeCurrent : unread > 0 ? classes.placeUnread : classes.place} style={isMuted ? { opacity: 0.6 } : undefined} onClick={go} aria-current={isCurrent ? 'page' : undefined} aria-label={unread > 0 ? t('unreadCount', { name, count: unread }) : name}>
      <PlaceSign seat={seat} />
      <Text span truncate style={{ flex: 1 }} inherit>
        {name}
      </Text>
      {hasDraft && !isCurrent && <IconPencil size={14} aria-label={t('draft')} />}
      {unread > 0 && ' '}
      {unread > 0 && (
        <Badge size="sm" circle={unread < 10} color={channel.is_im ? 'red' : 'volano'} variant="filled" data-testid="unread">
          {unreadText}
        </Badge>
      )}
    </UnstyledButton>
  );
}

function PlaceSign({ seat: { channel } }: { seat: Seat }) {
  const { users } = useWorkplace();
  const present = usePresence();
  if (channel.is_mpim) return <IconUsers size={16} />;
  if (!channel.is_im) return channel.is_private ? <IconLock size={16} /> : <IconHash size={16} />;
  const other = users.get(channel.user ?? '');
  return (
    <Indicator disabled={!present.has(channel.user ?? '')} color="green" size={9} offset={2} position="bottom-end" withBorder title={present.has(channel.user ?? '') ? t('presentNow') : undefined}>
      <Face user={other} size={22} />
    </Indicator>
  );
}
