// What the copilot does with a message: entries of its menu.
import { Menu } from '@mantine/core';
import { IconBulb, IconChecklist, IconFileText, IconLanguage, IconMessageReply } from '@tabler/icons-react';

import { t } from '../../i18n/text';
import { useWorkplace } from '../context';
import type { Message } from '../types';
import { useChosen } from './translating';

export function WritingItems({ channel, message, isInThread }: { channel: string; message: Message; isInThread: boolean }) {
  const { write } = useWorkplace();
  const { isChosen, choose } = useChosen(channel, message);
  const thread = message.thread_ts ?? (message.reply_count ? message.ts : undefined);
  if (!message.text) return null;
  return (
    <>
      <Menu.Divider />
      <Menu.Item leftSection={<IconLanguage size={16} />} onClick={() => choose(!isChosen)}>
        {isChosen ? t('hideTranslation') : t('translate')}
      </Menu.Item>
      <Menu.Item leftSection={<IconBulb size={16} />} onClick={() => write({ kind: 'explanation', channel, ts: message.ts })}>
        {t('explain')}
      </Menu.Item>
      <Menu.Item leftSection={<IconMessageReply size={16} />} onClick={() => write({ kind: 'draft', channel, thread: thread ?? message.ts })}>
        {t('draftAReply')}
      </Menu.Item>
      {(isInThread || thread !== undefined) && (
        <>
          <Menu.Item leftSection={<IconFileText size={16} />} onClick={() => write({ kind: 'summary', channel, thread })}>
            {t('summarizeThread')}
          </Menu.Item>
          <Menu.Item leftSection={<IconChecklist size={16} />} onClick={() => write({ kind: 'items', channel, thread })}>
            {t('actionItems')}
          </Menu.Item>
        </>
      )}
      <Menu.Divider />
    </>
  );
}
