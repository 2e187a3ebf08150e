// The channels and people of one's workplace, with what is unread.
import { ActionIcon, Badge, Button, Group, ScrollArea, Text, Tooltip, UnstyledButton } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { IconHash, IconLock, IconPlus, IconSearch, IconSparkles, IconUsers } from '@tabler/icons-react';
import type { ReactNode } from 'react';

import { tellFailure } from '../app/parts';
import { t } from '../i18n/text';
import { BrowseDialog } from './BrowseDialog';
import classes from './chat.module.css';
import { channelName, useWorkplace } from './context';
import { Face } from './Face';
import { PeopleDialog } from './PeopleDialog';
import type { Seat } from './types';

export function Sidebar({ current, openSwitcher, onGo }: { current: string; openSwitcher: () => void; onGo: () => void }) {
  const { home, users, me, openDirect } = useWorkplace();
  const [browseOpen, browse] = useDisclosure();
  const [peopleOpen, people] = useDisclosure();
  const name = (seat: Seat) => channelName(seat.channel, users, me.id);
  const channels = home.channels.filter(({ channel }) => !channel.is_im && !channel.is_mpim).sort((a, b) => name(a).localeCompare(name(b)));
  const direct = home.channels.filter(({ channel }) => channel.is_im || channel.is_mpim).sort((a, b) => Number(b.latest?.ts ?? 0) - Number(a.latest?.ts ?? 0));
  const ask = () => {
    openDirect(home.copilot.id).then(onGo, tellFailure);
  };
  return (
    <nav className={classes.sidebar} aria-label={t('channelsAndPeople')}>
      <Group justify="space-between" px="sm" pt="sm" wrap="nowrap">
        <Text fw={700} truncate>
          {home.team.name}
        </Text>
        <Tooltip label={t('goToCtrlK')}>
          <ActionIcon variant="subtle" color="gray" onClick={openSwitcher} aria-label={t('goToAChannelOrPerson')}>
            <IconSearch size={17} />
          </ActionIcon>
        </Tooltip>
      </Group>
      <div style={{ padding: '8px 12px' }}>
        <Button fullWidth variant="light" color="amber" leftSection={<IconSparkles size={17} />} onClick={ask}>
          {t('askTheCopilot')}
        </Button>
      </div>
      <ScrollArea style={{ flex: 1 }} type="auto" scrollbarSize={8}>
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
    </nav>
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
  const { openChannel, users } = useWorkplace();
  const { channel, unread } = seat;
  const go = () => {
    openChannel(channel.id);
    onGo();
  };
  const unreadText = unread > 99 ? '99+' : String(unread);
  return (
    <UnstyledButton className={isCurrent ? classes.placeCurrent : unread > 0 ? classes.placeUnread : classes.place} onClick={go} aria-current={isCurrent ? 'page' : undefined} aria-label={unread > 0 ? t('unreadCount', { name, count: unread }) : name}>
      {channel.is_im ? (
        <Face user={users.get(channel.user ?? '')} size={22} />
      ) : channel.is_mpim ? (
        <IconUsers size={16} />
      ) : channel.is_private ? (
        <IconLock size={16} />
      ) : (
        <IconHash size={16} />
      )}
      <Text span truncate style={{ flex: 1 }} inherit>
        {name}
      </Text>
      {unread > 0 && (
        <Badge size="sm" circle={unread < 10} color={channel.is_im ? 'red' : 'volano'} variant="filled" data-testid="unread">
          {unreadText}
        </Badge>
      )}
    </UnstyledButton>
  );
}
