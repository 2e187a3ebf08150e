// The copilot's help while writing: an answer drafted, the text in another tone.
import { ActionIcon, Loader, Menu, Tooltip } from '@mantine/core';
import { IconSparkles } from '@tabler/icons-react';
import { useState } from 'react';

import { tell, tellFailure } from '../../app/parts';
import { t, type TextKey } from '../../i18n/text';
import { draftReply, rewrite, TONES, type Tone, type Written } from './writing';

const LABELS: Record<Tone, TextKey> = { clear: 'toneClear', short: 'toneShort', friendly: 'toneFriendly', formal: 'toneFormal', fix: 'toneFix' };

interface Props {
  channel: string;
  thread: string | null;
  text: string;
  change: (text: string) => void;
}

export function WriteMenu({ channel, thread, text, change }: Props) {
  const [isBusy, setBusy] = useState(false);
  const isEmpty = text.trim() === '';
  const run = async (asked: Promise<Written>) => {
    setBusy(true);
    try {
      const written = await asked;
      if (written.model === '') tellFailure(new Error(written.missing));
      else {
        change(written.text);
        tell(t('writtenBy', { model: written.model }));
      }
    } catch (error) {
      tellFailure(error);
    } finally {
      setBusy(false);
    }
  };
  return (
    <Menu position="top-start">
      <Menu.Target>
        <Tooltip label={t('writeForMe')}>
          <ActionIcon variant="subtle" color="gray" aria-label={t('writeForMe')} disabled={isBusy}>
            {isBusy ? <Loader size={14} /> : <IconSparkles size={18} />}
          </ActionIcon>
        </Tooltip>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Item onClick={() => void run(draftReply({ channel, thread_ts: thread ?? undefined, hint: text.trim().slice(0, 500) }))}>{t('draftAReply')}</Menu.Item>
        <Menu.Divider />
        {TONES.map((tone) => (
          <Menu.Item key={tone} disabled={isEmpty} onClick={() => void run(rewrite(text.trim(), tone))}>
            {t(LABELS[tone])}
          </Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  );
}
