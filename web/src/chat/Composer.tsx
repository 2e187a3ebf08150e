// Where a message is written: Enter sends, Shift+Enter breaks the line, files come by button, paste or drop.
import { ActionIcon, Badge, CloseButton, Group, Loader, Text, Tooltip } from '@mantine/core';
import { IconMoodSmile, IconPaperclip, IconSend2 } from '@tabler/icons-react';
import { useId, useImperativeHandle, useLayoutEffect, useRef, useState, type ClipboardEvent, type KeyboardEvent, type Ref } from 'react';

import { slack } from '../api/client';
import { tellFailure } from '../app/parts';
import { formatBytes } from '../app/format';
import { t } from '../i18n/text';
import classes from './chat.module.css';
import { useWorkplace } from './context';
import { commandOf, runCommand, useCommands } from './desk/commands';
import { SendLater } from './desk/SendLater';
import { tellTyping } from './desk/typing';
import { useDraft } from './desk/useDraft';
import { EmojiPicker } from './EmojiPicker';
import { shareFiles } from './Files';
import { toMessageText } from './mrkdwn';
import { WriteMenu } from './writing/WriteMenu';
import { suggest, SuggestionList, triggerOf, type Suggestion } from './Suggestions';

export interface ComposerHandle {
  addFiles: (files: FileList | File[]) => void;
  focus: () => void;
}

interface Props {
  channel: string;
  thread?: string | null;
  placeholder: string;
  onEditLast?: () => void;
  ref?: Ref<ComposerHandle>;
}

const MAX_FILES = 10;

export function Composer({ channel, thread = null, placeholder, onEditLast, ref }: Props) {
  const { home, outbox } = useWorkplace();
  const commands = useCommands();
  const [text, change] = useDraft(channel, thread);
  const [files, setFiles] = useState<File[]>([]);
  const [isSending, setSending] = useState(false);
  const area = useRef<HTMLTextAreaElement>(null);
  const picker = useRef<HTMLInputElement>(null);
  useLayoutEffect(() => {
    const field = area.current!;
    field.style.height = 'auto';
    field.style.height = `${field.scrollHeight}px`;
  }, [text]);
  const insert = (piece: string, replaced = 0) => {
    const field = area.current!;
    const start = field.selectionStart - replaced;
    change(text.slice(0, start) + piece + text.slice(field.selectionEnd));
    requestAnimationFrame(() => {
      field.focus();
      field.setSelectionRange(start + piece.length, start + piece.length);
    });
  };
  const addFiles = (added: FileList | File[]) => setFiles((now) => [...now, ...added].slice(0, MAX_FILES));
  useImperativeHandle(ref, () => ({ addFiles, focus: () => area.current?.focus() }));

  const submit = async () => {
    const message = toMessageText(text.trim(), { users: home.users, channels: home.channels.map((seat) => seat.channel) });
    if (isSending || (message === '' && files.length === 0)) return;
    if (files.length === 0 && commandOf(text, commands)) {
      change('');
      runCommand(channel, thread, text.trim()).catch((error: unknown) => {
        change(text);
        tellFailure(error);
      });
      return;
    }
    if (files.length === 0) {
      outbox.post(channel, thread, message);
      change('');
      return;
    }
    setSending(true);
    try {
      await shareFiles(channel, thread, files, message);
      setFiles([]);
      change('');
    } catch (error) {
      tellFailure(error);
    } finally {
      setSending(false);
    }
  };
  const sendAt = async (post_at: number) => {
    const message = toMessageText(text.trim(), { users: home.users, channels: home.channels.map((seat) => seat.channel) });
    await slack('chat.scheduleMessage', { channel, text: message, post_at, ...(thread ? { thread_ts: thread } : {}) });
    change('');
  };
  const complete = useCompletion(text, insert);
  const onKeyDown = (event: KeyboardEvent<HTMLTextAreaElement>) => {
    if (event.nativeEvent.isComposing || complete.onKeyDown(event)) return;
    if (event.key === 'ArrowUp' && text === '' && onEditLast) {
      event.preventDefault();
      onEditLast();
    } else if (event.key === 'Enter' && !event.shiftKey) {
      event.preventDefault();
      void submit();
    }
  };
  const onPaste = (event: ClipboardEvent) => {
    if (event.clipboardData.files.length === 0) return;
    event.preventDefault();
    addFiles(event.clipboardData.files);
  };
  return (
    <div className={classes.composer}>
      {complete.items.length > 0 && <SuggestionList id={complete.id} items={complete.items} active={complete.active} pick={complete.pick} />}
      {files.length > 0 && <Picked files={files} remove={(index) => setFiles(files.filter((_, place) => place !== index))} />}
      <textarea
        ref={area}
        rows={1}
        className={classes.input}
        placeholder={placeholder}
        aria-label={placeholder}
        aria-controls={complete.items.length > 0 ? complete.id : undefined}
        aria-activedescendant={complete.items.length > 0 ? `${complete.id}-${complete.active}` : undefined}
        value={text}
        onChange={(event) => {
          change(event.currentTarget.value);
          tellTyping(channel);
          complete.look(event.currentTarget);
        }}
        onSelect={(event) => complete.look(event.currentTarget)}
        onBlur={complete.close}
        onKeyDown={onKeyDown}
        onPaste={onPaste}
      />
      <Group justify="space-between" px={6} pb={6}>
        <Group gap={2}>
          <input ref={picker} type="file" multiple hidden aria-label={t('filesToShare')} onChange={(event) => event.currentTarget.files && addFiles(event.currentTarget.files)} onClick={(event) => (event.currentTarget.value = '')} />
          <Tooltip label={t('shareFiles')}>
            <ActionIcon variant="subtle" color="gray" onClick={() => picker.current?.click()} aria-label={t('shareFiles')}>
              <IconPaperclip size={18} />
            </ActionIcon>
          </Tooltip>
          <WriteMenu channel={channel} thread={thread} text={text} change={change} />
          <EmojiPicker
            onPick={(name) => insert(`:${name}: `)}
            target={(open) => (
              <ActionIcon variant="subtle" color="gray" onClick={open} aria-label={t('emoji')}>
                <IconMoodSmile size={18} />
              </ActionIcon>
            )}
          />
        </Group>
        <Group gap={4}>
        <SendLater isReady={text.trim() !== '' && files.length === 0} send={sendAt} />
        <ActionIcon onClick={() => void submit()} disabled={isSending || (text.trim() === '' && files.length === 0)} aria-label={t('send')}>
          {isSending ? <Loader size={14} /> : <IconSend2 size={17} />}
        </ActionIcon>
        </Group>
      </Group>
    </div>
  );
}

function Picked({ files, remove }: { files: File[]; remove: (index: number) => void }) {
  return (
    <Group gap={6} p={8} pb={0}>
      {files.map((file, index) => (
        <Badge key={index} variant="default" size="lg" tt="none" radius="sm" rightSection={<CloseButton size="xs" onClick={() => remove(index)} aria-label={t('takeAway', { name: file.name })} />}>
          {file.name}{' '}
          <Text span size="xs" c="dimmed">
            {formatBytes(file.size)}
          </Text>
        </Badge>
      ))}
    </Group>
  );
}

function useCompletion(text: string, insert: (piece: string, replaced: number) => void) {
  const { home } = useWorkplace();
  const commands = useCommands();
  const id = useId();
  const [caret, setCaret] = useState<number | null>(null);
  const [active, setActive] = useState(0);
  const trigger = caret === null ? null : triggerOf(text.slice(0, caret));
  const items = trigger === null ? [] : suggest(trigger, home, commands);
  const close = () => setCaret(null);
  const pick = (item: Suggestion) => {
    insert(item.insert, trigger!.letters.length + 1);
    close();
  };
  const look = (field: HTMLTextAreaElement) => {
    const place = field.selectionStart;
    if (place !== caret) setActive(0);
    setCaret(triggerOf(field.value.slice(0, place)) === null ? null : place);
  };
  // True when the key was for the list.
  const onKeyDown = (event: KeyboardEvent): boolean => {
    if (items.length === 0) return false;
    const steps: Record<string, number> = { ArrowDown: 1, ArrowUp: -1 };
    const step = steps[event.key];
    if (step !== undefined) setActive((active + step + items.length) % items.length);
    else if ((event.key === 'Enter' && !event.shiftKey) || event.key === 'Tab') pick(items[Math.min(active, items.length - 1)]!);
    else if (event.key === 'Escape') close();
    else return false;
    event.preventDefault();
    event.stopPropagation();
    return true;
  };
  return { id, items, active: Math.min(active, Math.max(0, items.length - 1)), pick, look, close, onKeyDown };
}
