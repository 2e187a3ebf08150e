// A message in the reader's language, below its own words.
import { Anchor, Loader, Text } from '@mantine/core';

import { messageOf } from '../../app/parts';
import { t } from '../../i18n/text';
import { MessageText } from '../Text';
import type { Message } from '../types';
import { useChosen, useTranslation } from './translating';

export function Translation({ channel, message }: { channel: string; message: Message }) {
  const { language, isChosen, choose } = useChosen(channel, message);
  if (!isChosen || !message.text) return null;
  return <Shown channel={channel} message={message} language={language} hide={() => choose(false)} />;
}

function Shown({ channel, message, language, hide }: { channel: string; message: Message; language: string; hide: () => void }) {
  const found = useTranslation(channel, message, language);
  return (
    <section aria-label={t('translation')} style={{ borderLeft: '3px solid var(--mantine-color-default-border)', paddingLeft: 10, marginTop: 4 }}>
      {found.isPending && <Loader size="xs" role="img" aria-label={t('translating')} />}
      {found.data?.text && <MessageText text={found.data.text} />}
      <Text size="xs" c="dimmed">
        {found.isError ? messageOf(found.error) : found.data?.missing || (found.data?.model && t('translatedBy', { model: found.data.model }))}{' '}
        <Anchor component="button" type="button" size="xs" onClick={hide}>
          {t('hideTranslation')}
        </Anchor>
      </Text>
    </section>
  );
}
