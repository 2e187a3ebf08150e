// "Confirm that it is you": shown when the server wants a fresh proof before a sensitive change.
import { Button, Divider, Group, Modal, PasswordInput, Stack, Text, TextInput } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { IconFingerprint } from '@tabler/icons-react';
import { useEffect, useRef, useState } from 'react';

import { call, useCall } from '../api/call';
import { onProofNeeded } from '../api/proof';
import type { Proof } from '../api/schema';
import { Failed, tellFailure, Waiting } from '../app/parts';
import { useSession, useSessionState } from '../app/session';
import { t } from '../i18n/text';
import { askPasskey, canUsePasskeys, wasCancelled } from './webauthn';

export function ConfirmPrompt() {
  const [opened, setOpened] = useState(false);
  const answer = useRef<(proved: boolean) => void>(() => undefined);
  useEffect(
    () =>
      onProofNeeded(() => {
        answer.current(false);
        setOpened(true);
        return new Promise<boolean>((resolve) => (answer.current = resolve));
      }),
    [],
  );
  const close = (proved: boolean) => {
    setOpened(false);
    answer.current(proved);
  };
  return (
    <Modal opened={opened} onClose={() => close(false)} title={t('confirmThatItIs')} centered zIndex={400}>
      {opened && <Ways done={() => close(true)} />}
    </Modal>
  );
}

function Ways({ done }: { done: () => void }) {
  const session = useSession();
  const { signOut } = useSessionState();
  const { data: security, error } = useCall('getSecurity', {});
  const prove = useMutation({
    mutationFn: async (proof: () => Promise<Proof>) => call('proveSession', await proof()),
    onSuccess: done,
    onError: (problem) => !wasCancelled(problem) && tellFailure(problem),
  });
  if (error !== null) return <Failed error={error} />;
  if (security === undefined) return <Waiting />;
  const hasPasskey = security.passkeys.length > 0 && canUsePasskeys();
  const hasSecret = session.has_password || security.asks_code;
  return (
    <Stack>
      <Text size="sm" c="dimmed">
        {t('youSignedInA')}
      </Text>
      {hasSecret && (
        <Secret
          kind={session.has_password ? 'password' : 'code'}
          busy={prove.isPending}
          take={(proof) => prove.mutate(() => Promise.resolve(proof))}
        />
      )}
      {hasSecret && hasPasskey && <Divider label={t('orElse')} />}
      {hasPasskey && (
        <Button variant="default" leftSection={<IconFingerprint size={18} />} onClick={() => prove.mutate(async () => ({ passkey: await askPasskey() }))}>
          {t('useAPasskey')}
        </Button>
      )}
      {!hasSecret && !hasPasskey && (
        <>
          <Text size="sm">{t('youHaveNeitherPassword')}</Text>
          <Button onClick={() => void signOut()}>{t('signOut')}</Button>
        </>
      )}
    </Stack>
  );
}

function Secret({ kind, busy, take }: { kind: 'password' | 'code'; busy: boolean; take: (proof: Proof) => void }) {
  const [value, setValue] = useState('');
  const session = useSession();
  const shared = { required: true, value, 'data-autofocus': true, onChange: (event: React.ChangeEvent<HTMLInputElement>) => setValue(event.currentTarget.value) };
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        event.stopPropagation();
        take({ [kind]: value });
      }}
    >
      <Stack>
        <input type="text" name="username" autoComplete="username" value={session.name} readOnly hidden />
        {kind === 'password' ? (
          <PasswordInput label={t('yourPassword')} autoComplete="current-password" {...shared} />
        ) : (
          <TextInput label={t('codeOfYourAuthenticator')} autoComplete="one-time-code" {...shared} />
        )}
        <Group justify="flex-end">
          <Button type="submit" loading={busy}>
            {t('confirm')}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
