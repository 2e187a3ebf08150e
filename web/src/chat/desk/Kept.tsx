// Below a channel's head: its bookmarks, and what is pinned.
import { ActionIcon, Button, Group, Menu, Modal, Stack, TextInput } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { IconBookmark, IconPin, IconPinnedOff, IconPlus, IconTrash } from '@tabler/icons-react';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';

import { slack } from '../../api/client';
import { tellFailure } from '../../app/parts';
import { t } from '../../i18n/text';
import classes from '../chat.module.css';
import { isSafeUrl } from '../mrkdwn';
import { Emoji } from '../Text';
import type { Message } from '../types';
import { MessageCard } from './MessageCard';
import { Answered, Nothing } from './View';

interface Bookmark {
  id: string;
  title: string;
  link: string;
  emoji?: string;
}

export const pinsKey = (channel: string) => ['chat', 'pins', channel] as const;
const bookmarksKey = (channel: string) => ['chat', 'bookmarks', channel] as const;

export function usePins(channel: string) {
  return useQuery({ queryKey: pinsKey(channel), queryFn: () => slack<{ items: { message: Message }[] }>('pins.list', { channel }) });
}

export function KeptBar({ channel }: { channel: string }) {
  const queries = useQueryClient();
  const [pinsOpen, pins] = useDisclosure();
  const [adding, add] = useDisclosure();
  const pinned = usePins(channel);
  const bookmarks = useQuery({ queryKey: bookmarksKey(channel), queryFn: () => slack<{ bookmarks: Bookmark[] }>('bookmarks.list', { channel_id: channel }) });
  const remove = async (id: string) => {
    await slack('bookmarks.remove', { channel_id: channel, bookmark_id: id });
    await queries.invalidateQueries({ queryKey: bookmarksKey(channel) });
  };
  const count = pinned.data?.items.length ?? 0;
  return (
    <Group className={classes.keptBar} gap={4} wrap="nowrap" role="group" aria-label={t('pinsAndBookmarks')}>
      {count > 0 && (
        <Button size="compact-xs" variant="subtle" color="gray" leftSection={<IconPin size={14} />} onClick={pins.open}>
          {t('pinnedCount', { count })}
        </Button>
      )}
      {(bookmarks.data?.bookmarks ?? []).map((item) => (
        <Menu key={item.id} trigger="hover" openDelay={500} position="bottom-start">
          <Menu.Target>
            <Button component="a" href={isSafeUrl(item.link) ? item.link : undefined} target="_blank" rel="noreferrer noopener" size="compact-xs" variant="subtle" color="gray" leftSection={item.emoji ? <Emoji name={item.emoji.replaceAll(':', '')} /> : <IconBookmark size={14} />}>
              {item.title}
            </Button>
          </Menu.Target>
          <Menu.Dropdown>
            <Menu.Label>{item.link}</Menu.Label>
            <Menu.Item leftSection={<IconTrash size={15} />} onClick={() => void remove(item.id).catch(tellFailure)}>
              {t('delete')}
            </Menu.Item>
          </Menu.Dropdown>
        </Menu>
      ))}
      <Button size="compact-xs" variant="subtle" color="gray" leftSection={<IconPlus size={14} />} onClick={add.open}>
        {t('addBookmark')}
      </Button>
      <Modal opened={pinsOpen} onClose={pins.close} title={t('pinned')} size="lg">
        <Pins channel={channel} />
      </Modal>
      <Modal opened={adding} onClose={add.close} title={t('addBookmark')}>
        <BookmarkForm channel={channel} close={add.close} />
      </Modal>
    </Group>
  );
}

function Pins({ channel }: { channel: string }) {
  const queries = useQueryClient();
  const pinned = usePins(channel);
  const unpin = async (ts: string) => {
    await slack('pins.remove', { channel, timestamp: ts });
    await queries.invalidateQueries({ queryKey: pinsKey(channel) });
  };
  return (
    <Answered of={pinned}>
      {({ items }) => (
        <>
          {items.map(({ message }) => (
            <MessageCard
              key={message.ts}
              channel={channel}
              message={message}
              actions={
                <ActionIcon variant="subtle" color="gray" onClick={() => void unpin(message.ts).catch(tellFailure)} aria-label={t('unpin')}>
                  <IconPinnedOff size={16} />
                </ActionIcon>
              }
            />
          ))}
          {items.length === 0 && <Nothing>{t('nothingPinned')}</Nothing>}
        </>
      )}
    </Answered>
  );
}

function BookmarkForm({ channel, close }: { channel: string; close: () => void }) {
  const queries = useQueryClient();
  const [title, setTitle] = useState('');
  const [link, setLink] = useState('');
  const save = async () => {
    await slack('bookmarks.add', { channel_id: channel, title, link, type: 'link' });
    await queries.invalidateQueries({ queryKey: bookmarksKey(channel) });
    close();
  };
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        save().catch(tellFailure);
      }}
    >
      <Stack>
        <TextInput label={t('address')} type="url" value={link} onChange={(event) => setLink(event.currentTarget.value)} required data-autofocus />
        <TextInput label={t('name')} value={title} onChange={(event) => setTitle(event.currentTarget.value)} maxLength={100} required />
        <Group justify="flex-end">
          <Button type="submit">{t('add')}</Button>
        </Group>
      </Stack>
    </form>
  );
}
