// The head of a channel: its name and topic, who is in it, and what can be done with it.
import { ActionIcon, Button, Group, Menu, Text, Title, Tooltip } from '@mantine/core';
import { useDisclosure, useMediaQuery } from '@mantine/hooks';
import { IconChecklist, IconDoorExit, IconDots, IconFileText, IconHash, IconLanguage, IconLock, IconLayoutSidebarLeftExpand, IconSettings, IconUsers } from '@tabler/icons-react';
import { useMutation, useQueryClient } from '@tanstack/react-query';

import { slack } from '../api/client';
import { tell, tellFailure } from '../app/parts';
import { getLanguage, t } from '../i18n/text';
import { homeKey } from './cache';
import classes from './chat.module.css';
import { channelName, useWorkplace } from './context';
import { ChannelSettings } from './desk/ChannelSettings';
import { Face } from './Face';
import { MembersDialog } from './MembersDialog';
import type { Channel } from './types';
import { useChannelLanguage } from './writing/translating';

export function ChannelHead({ channel, isMember, openMenu }: { channel: Channel; isMember: boolean; openMenu: () => void }) {
  const { users, me, home } = useWorkplace();
  const isPhone = useMediaQuery('(max-width: 48em)');
  const [membersOpen, members] = useDisclosure();
  const [settingsOpen, settings] = useDisclosure();
  const isDirect = channel.is_im || channel.is_mpim;
  const hint = channel.user === home.copilot.id ? t('copilotHint') : (channel.topic?.value ?? '');
  return (
    <header className={classes.head}>
      {isPhone && (
        <ActionIcon variant="subtle" color="gray" onClick={openMenu} aria-label={t('channels')}>
          <IconLayoutSidebarLeftExpand size={20} />
        </ActionIcon>
      )}
      {channel.is_im ? <Face user={users.get(channel.user ?? '')} size={28} /> : channel.is_private ? <IconLock size={18} aria-label={t('private')} /> : <IconHash size={18} aria-hidden />}
      <Title order={1} fz={17} className={classes.headName}>
        {channelName(channel, users, me.id)}
      </Title>
      <Text size="sm" c="dimmed" truncate style={{ flex: 1 }}>
        {hint}
      </Text>
      {!isDirect && (
        <Group gap={4} wrap="nowrap">
          <Tooltip label={t('whoIsHere')}>
            <Button variant="subtle" color="gray" size="compact-sm" leftSection={<IconUsers size={16} />} onClick={members.open} aria-label={t('memberCount', { count: channel.num_members ?? 0 })}>
              {channel.num_members ?? ''}
            </Button>
          </Tooltip>
        </Group>
      )}
      {isMember && <ChannelMenu channel={channel} isDirect={isDirect} openSettings={settings.open} />}
      <MembersDialog channel={channel} canInvite={isMember} opened={membersOpen} onClose={members.close} />
      <ChannelSettings channel={channel} opened={settingsOpen} onClose={settings.close} />
    </header>
  );
}

function ChannelMenu({ channel, isDirect, openSettings }: { channel: Channel; isDirect: boolean; openSettings: () => void }) {
  const { openChannel, home, write } = useWorkplace();
  const [language, chooseLanguage] = useChannelLanguage(channel.id);
  const queries = useQueryClient();
  const leave = useMutation({
    mutationFn: () => slack('conversations.leave', { channel: channel.id }),
    onSuccess: () => {
      openChannel(home.team.general);
      void queries.invalidateQueries({ queryKey: homeKey });
      tell(t('youLeft', { channel: channel.name ?? '' }));
    },
    onError: tellFailure,
  });
  return (
    <Menu position="bottom-end">
      <Menu.Target>
        <ActionIcon variant="subtle" color="gray" aria-label={t('moreForThisChannel')}>
          <IconDots size={18} />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Item leftSection={<IconFileText size={16} />} onClick={() => write({ kind: 'summary', channel: channel.id })}>
          {t('summarizeChannel')}
        </Menu.Item>
        <Menu.Item leftSection={<IconChecklist size={16} />} onClick={() => write({ kind: 'items', channel: channel.id })}>
          {t('actionItems')}
        </Menu.Item>
        <Menu.Item leftSection={<IconLanguage size={16} />} onClick={() => void chooseLanguage(language ? '' : getLanguage()).catch(tellFailure)}>
          {language ? t('stopTranslating') : t('translateChannel')}
        </Menu.Item>
        {!isDirect && (
          <>
            <Menu.Divider />
            <Menu.Item leftSection={<IconSettings size={16} />} onClick={openSettings}>
              {t('settings')}
            </Menu.Item>
            <Menu.Item leftSection={<IconDoorExit size={16} />} onClick={() => leave.mutate()} disabled={channel.is_general ?? false}>
              {t('leave')}
            </Menu.Item>
          </>
        )}
      </Menu.Dropdown>
    </Menu>
  );
}
