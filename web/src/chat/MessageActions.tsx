// What can be done with a message: a row of buttons on it and the menu behind them.
import { ActionIcon, Menu, Tooltip } from '@mantine/core';
import { IconApps, IconBell, IconBookmark, IconBookmarkFilled, IconDots, IconEye, IconEyeOff, IconHistory, IconLink, IconListCheck, IconMessageCircle, IconMoodPlus, IconPencil, IconPin, IconPinnedOff, IconShare3, IconTrash, IconUrgent } from '@tabler/icons-react';
import { useQueryClient } from '@tanstack/react-query';

import { rest, slack } from '../api/client';
import { tell, tellFailure } from '../app/parts';
import { t } from '../i18n/text';
import { markRead } from './cache';
import classes from './chat.module.css';
import { useWorkplace, type Question } from './context';
import { useApps } from './desk/Apps';
import { useSave } from './desk/desk';
import { pinsKey } from './desk/Kept';
import { emojiOf, QUICK } from './emoji';
import { EmojiPicker } from './EmojiPicker';
import { useReact } from './useReact';
import type { Message } from './types';
import { WritingItems } from './writing/MessageMenu';

const MAX_SHORTCUTS = 5;

interface Props {
  channel: string;
  message: Message;
  isInThread: boolean;
  edit: (ts: string) => void;
  remove: (message: Message) => void;
  hold: (isHeld: boolean) => void;
}

export function MessageActions({ channel, message, isInThread, edit, remove, hold }: Props) {
  const { openThread, desk } = useWorkplace();
  const toggle = useReact(channel, message);
  const save = useSave();
  const isSaved = desk.saved.some((item) => item.channel === channel && item.ts === message.ts);
  return (
    <div className={classes.actions} role="toolbar" aria-label={t('messageActions')}>
      {QUICK.map((name) => (
        <ActionIcon key={name} variant="subtle" color="gray" onClick={() => toggle(name)} aria-label={t('reactWith', { name })} className={classes.quick}>
          {emojiOf(name)}
        </ActionIcon>
      ))}
      <EmojiPicker
        onPick={toggle}
        onChange={hold}
        target={(open) => (
          <ActionIcon variant="subtle" color="gray" onClick={open} aria-label={t('addAReaction')}>
            <IconMoodPlus size={17} />
          </ActionIcon>
        )}
      />
      {!isInThread && (
        <Tooltip label={t('replyInThread')}>
          <ActionIcon variant="subtle" color="gray" onClick={() => openThread(channel, message.thread_ts ?? message.ts)} aria-label={t('replyInThread')}>
            <IconMessageCircle size={17} />
          </ActionIcon>
        </Tooltip>
      )}
      <Tooltip label={isSaved ? t('removeFromLater') : t('saveForLater')}>
        <ActionIcon variant="subtle" color={isSaved ? 'volano' : 'gray'} onClick={() => save(channel, message.ts, !isSaved)} aria-label={isSaved ? t('removeFromLater') : t('saveForLater')} aria-pressed={isSaved}>
          {isSaved ? <IconBookmarkFilled size={17} /> : <IconBookmark size={17} />}
        </ActionIcon>
      </Tooltip>
      <MoreActions channel={channel} message={message} isInThread={isInThread} edit={edit} remove={remove} hold={hold} />
    </div>
  );
}

function MoreActions({ channel, message, isInThread, edit, remove, hold }: Props) {
  const { me, ask } = useWorkplace();
  const apps = useApps().data?.apps ?? [];
  const shortcuts = apps.flatMap((app) => (app.manifest.features?.shortcuts ?? []).filter((item) => item.type === 'message').map((shortcut) => ({ app, shortcut }))).slice(0, MAX_SHORTCUTS);
  const queries = useQueryClient();
  const isMine = message.user === me.id;
  const open = (kind: Question['kind']) => () => ask({ kind, channel, message });
  const copyLink = async () => {
    const { permalink } = await slack<{ permalink: string }>('chat.getPermalink', { channel, message_ts: message.ts });
    // Browsers let a page copy only over https or on localhost.
    if (!window.isSecureContext) throw new Error(t('cannotCopy', { link: permalink }));
    await navigator.clipboard.writeText(permalink);
    tell(t('linkCopied'));
  };
  const isPinned = queries.getQueryData<{ items: { message: Message }[] }>(pinsKey(channel))?.items.some((item) => item.message.ts === message.ts) ?? false;
  const pin = async () => {
    await slack(isPinned ? 'pins.remove' : 'pins.add', { channel, timestamp: message.ts });
    await queries.invalidateQueries({ queryKey: pinsKey(channel) });
  };
  // The pointer goes to just before this message.
  const markUnread = async () => {
    const [seconds = '0', micros = '0'] = message.ts.split('.');
    const before = String(BigInt(seconds + micros.padEnd(6, '0')) - 1n);
    const ts = `${before.slice(0, -6)}.${before.slice(-6)}`;
    markRead(queries, channel, ts, 1, true);
    await slack('conversations.mark', { channel, ts });
  };
  return (
    <Menu position="bottom-end" onChange={hold} withinPortal>
      <Menu.Target>
        <ActionIcon variant="subtle" color="gray" aria-label={t('moreActions')}>
          <IconDots size={17} />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Item leftSection={<IconLink size={16} />} onClick={() => void copyLink().catch(tellFailure)}>
          {t('copyLink')}
        </Menu.Item>
        <Menu.Item leftSection={<IconShare3 size={16} />} onClick={open('forward')}>
          {t('forward')}
        </Menu.Item>
        {!isInThread && (
          <Menu.Item leftSection={<IconEyeOff size={16} />} onClick={() => void markUnread().catch(tellFailure)}>
            {t('markUnread')}
          </Menu.Item>
        )}
        <Menu.Item leftSection={<IconEye size={16} />} onClick={open('readers')}>
          {t('whoHasRead')}
        </Menu.Item>
        <Menu.Item leftSection={isPinned ? <IconPinnedOff size={16} /> : <IconPin size={16} />} onClick={() => void pin().catch(tellFailure)}>
          {isPinned ? t('unpin') : t('pin')}
        </Menu.Item>
        <Menu.Item leftSection={<IconBell size={16} />} onClick={open('remind')}>
          {t('remindMe')}
        </Menu.Item>
        <Menu.Item leftSection={<IconListCheck size={16} />} onClick={open('task')}>
          {t('makeTask')}
        </Menu.Item>
        {message.edited && (
          <Menu.Item leftSection={<IconHistory size={16} />} onClick={open('history')}>
            {t('whatItSaid')}
          </Menu.Item>
        )}
        <Menu.Item leftSection={<IconUrgent size={16} />} onClick={open('urgent')}>
          {t('makeUrgent')}
        </Menu.Item>
        <WritingItems channel={channel} message={message} isInThread={isInThread} />
        {shortcuts.map(({ app, shortcut }) => (
          <Menu.Item key={app.id + shortcut.callback_id} leftSection={<IconApps size={16} />} onClick={() => void rest.post('/chat/interactions/shortcut', { app_id: app.id, callback_id: shortcut.callback_id, channel, message_ts: message.ts }).catch(tellFailure)}>
            {shortcut.name}
          </Menu.Item>
        ))}
        {isMine && (
          <Menu.Item leftSection={<IconPencil size={16} />} onClick={() => edit(message.ts)}>
            {t('edit')}
          </Menu.Item>
        )}
        {(isMine || me.is_admin) && (
          <Menu.Item color="red" leftSection={<IconTrash size={16} />} onClick={() => remove(message)}>
            {t('delete')}
          </Menu.Item>
        )}
      </Menu.Dropdown>
    </Menu>
  );
}
