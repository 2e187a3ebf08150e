// Changing the own password; and asking for one where somebody came by a link or must change it.
import { Alert, Button, Group, Modal, PasswordInput, Stack, Text } from '@mantine/core';
import { useForm } from '@mantine/form';
import { useEffect, useState } from 'react';

import { call, useChange } from '../api/call';
import { tell, tellFailure } from '../app/parts';
import { useSession, useSessionState, type Session } from '../app/session';
import { t } from '../i18n/text';

const MIN_CHARACTERS = 8;

export function PasswordForm({ done }: { done?: () => void }) {
  const session = useSession();
  const { signedIn } = useSessionState();
  const change = useChange('changePassword', { reads: ['listSessions'] });
  const form = useForm({
    initialValues: { old: '', new: '', again: '' },
    validate: {
      new: (value) => (value.length < MIN_CHARACTERS ? t('useAtLeastCount', { count: MIN_CHARACTERS }) : null),
      again: (value, all) => (value === all.new ? null : t('thisIsNotThe')),
    },
  });
  const submit = form.onSubmit((values) =>
    change.mutate(
      { old: values.old, new: values.new },
      {
        onSuccess: () => {
          tell(t('yourPasswordIsSet'));
          form.reset();
          call('getSession', {}).then(signedIn).catch(tellFailure);
          done?.();
        },
      },
    ),
  );
  return (
    <form onSubmit={submit}>
      <Stack>
        <input type="text" name="username" autoComplete="username" value={session.name} readOnly hidden />
        {session.has_password && <PasswordInput label={t('passwordNow')} required autoComplete="current-password" {...form.getInputProps('old')} />}
        <PasswordInput label={t('newPassword')} required autoComplete="new-password" {...form.getInputProps('new')} />
        <PasswordInput label={t('newPasswordAgain')} required autoComplete="new-password" {...form.getInputProps('again')} />
        <Group justify="flex-end">
          <Button type="submit" loading={change.isPending}>
            {t('savePassword')}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}

// Shown over every page: at once where the password must change, and offered once in a session to
// whoever came by a link. A reload does not ask again; "later" is remembered on this device.
export function PasswordPrompt() {
  const session = useSession();
  const [offered, setOffered] = useState(() => mayOffer(session));
  const must = session.must_change_password;
  const wanted = must || (session.kind === 'user' && !session.has_password && offered);
  useEffect(() => {
    if (wanted && !must) sessionStorage.setItem(ASKED, '1');
  }, [wanted, must]);
  const close = () => setOffered(false);
  const putOff = () => {
    localStorage.setItem(LATER, session.principal_id);
    close();
  };
  return (
    <Modal opened={wanted} onClose={close} withCloseButton={!must} closeOnEscape={!must} closeOnClickOutside={false} title={t('chooseAPassword')} centered>
      <Stack>
        {must ? (
          <Alert color="amber">{t('yourPasswordWasSet')}</Alert>
        ) : (
          <Text size="sm" c="dimmed">
            {t('youCameByA')}
          </Text>
        )}
        <PasswordForm />
        {!must && (
          <Button variant="subtle" color="gray" onClick={putOff}>
            {t('notNow')}
          </Button>
        )}
      </Stack>
    </Modal>
  );
}

const ASKED = 'volano-password-asked';
const LATER = 'volano-password-later';

function mayOffer(session: Session): boolean {
  return sessionStorage.getItem(ASKED) === null && localStorage.getItem(LATER) !== session.principal_id;
}

// A new session may ask once more.
export function forgetAsked(): void {
  sessionStorage.removeItem(ASKED);
}
