// Asks before something that cannot be undone: `if (await ask({ … })) …`. A dangerous one can
// demand that a name is typed.
import { Button, Group, Modal, Stack, Text, TextInput } from '@mantine/core';
import { useCallback, useRef, useState, type ReactNode } from 'react';

import { t } from '../i18n/text';

// Escape reaches every open dialog at once; only the uppermost should close. For `onClose` of what
// may be covered by another.
export function uncovered(close: () => void): () => void {
  return () => {
    if (document.querySelectorAll('[role=dialog]').length <= 1) close();
  };
}

export interface Question {
  title: string;
  text: ReactNode;
  yes: string;
  typed?: string;
  calm?: boolean;
}

export function useConfirm(): { ask: (question: Question) => Promise<boolean>; dialog: ReactNode } {
  const [question, setQuestion] = useState<Question | null>(null);
  const [opened, setOpened] = useState(false);
  const answer = useRef<(yes: boolean) => void>(() => undefined);

  const ask = useCallback((next: Question) => {
    setQuestion(next);
    setOpened(true);
    return new Promise<boolean>((resolve) => (answer.current = resolve));
  }, []);

  const close = (yes: boolean) => {
    setOpened(false);
    answer.current(yes);
  };

  const dialog = (
    <Modal opened={opened} onClose={() => close(false)} title={question?.title} centered>
      {question && <Body key={question.title} question={question} close={close} />}
    </Modal>
  );
  return { ask, dialog };
}

function Body({ question, close }: { question: Question; close: (yes: boolean) => void }) {
  const [typed, setTyped] = useState('');
  const blocked = question.typed !== undefined && typed !== question.typed;
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        if (!blocked) close(true);
      }}
    >
      <Stack>
        <Text size="sm" component="div">
          {question.text}
        </Text>
        {question.typed !== undefined && (
          <TextInput label={t('typeToConfirm', { text: question.typed })} value={typed} onChange={(event) => setTyped(event.currentTarget.value)} data-autofocus />
        )}
        <Group justify="flex-end" gap="xs">
          <Button variant="default" onClick={() => close(false)}>
            {t('cancel')}
          </Button>
          <Button type="submit" color={question.calm ? undefined : 'red'} disabled={blocked} data-autofocus={question.typed === undefined || undefined}>
            {question.yes}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
