// Slack's confirm dialog: asked before a press is told to the app.
import { Button, Group, Modal, Text } from '@mantine/core';
import { createContext, useCallback, useContext, useRef, useState, type ReactNode } from 'react';

import { t } from '../../i18n/text';
import { MessageText } from '../Text';
import type { TextObject } from './surface';

interface Wanted {
  title?: TextObject;
  text?: TextObject;
  confirm?: TextObject;
  deny?: TextObject;
  style?: string;
}

type Ask = (confirm: unknown) => Promise<boolean>;

const ConfirmContext = createContext<Ask>(() => Promise.resolve(true));

export const useConfirm = () => useContext(ConfirmContext);

export function ConfirmProvider({ children }: { children: ReactNode }) {
  const [wanted, setWanted] = useState<Wanted | null>(null);
  const answer = useRef<(isYes: boolean) => void>(() => undefined);
  const ask = useCallback<Ask>((confirm) => {
    if (!confirm) return Promise.resolve(true);
    return new Promise((resolve) => {
      answer.current = resolve;
      setWanted(confirm as Wanted);
    });
  }, []);
  const close = (isYes: boolean) => {
    setWanted(null);
    answer.current(isYes);
  };
  return (
    <ConfirmContext value={ask}>
      {children}
      <Modal opened={wanted !== null} onClose={() => close(false)} title={wanted?.title?.text ?? t('areYouSure')} centered zIndex={400}>
        {wanted?.text?.type === 'mrkdwn' ? <MessageText text={wanted.text.text} /> : <Text>{wanted?.text?.text}</Text>}
        <Group justify="flex-end" mt="md">
          <Button variant="default" onClick={() => close(false)}>
            {wanted?.deny?.text ?? t('cancel')}
          </Button>
          <Button color={wanted?.style === 'danger' ? 'red' : 'volano'} onClick={() => close(true)} data-autofocus>
            {wanted?.confirm?.text ?? t('yes')}
          </Button>
        </Group>
      </Modal>
    </ConfirmContext>
  );
}
