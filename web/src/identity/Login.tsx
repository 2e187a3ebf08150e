// Sign in by password, passkey, issuer, or one-time link (/login?token=…), which signs in by itself.
// Where there is a second factor, its code is asked for on the next card.
import { Alert, Anchor, Box, Button, Center, Code, Collapse, Divider, Group, PasswordInput, Stack, Text, TextInput, Title } from '@mantine/core';
import { useForm } from '@mantine/form';
import { useDebouncedValue } from '@mantine/hooks';
import { IconFingerprint, IconLogin2 } from '@tabler/icons-react';
import { useEffect, useRef, useState, type ReactNode } from 'react';
import { useLocation } from 'react-router';

import { call, useCall } from '../api/call';
import type { ProviderButton } from '../api/schema';
import { Logo } from '../app/Logo';
import { messageOf } from '../app/parts';
import { useSessionState, type Session } from '../app/session';
import { getLanguage, LANGUAGES, Say, setLanguage, t } from '../i18n/text';
import { forgetAsked } from './Password';
import { arriveAt, comeBack, leaveFor, RETURN_PATH } from './departure';
import { askPasskey, canUsePasskeys, wasCancelled } from './webauthn';

export function Login() {
  const { signedIn } = useSessionState();
  const { pathname, search } = useLocation();
  const from = pathname.startsWith('/login') ? '/' : pathname + search;
  const [failure, setFailure] = useState('');
  const [busy, setBusy] = useState(false);
  const [challenge, setChallenge] = useState('');
  const token = new URLSearchParams(search).get('token');
  const tried = useRef(false);

  const attempt = async (work: () => Promise<unknown>) => {
    setBusy(true);
    setFailure('');
    try {
      const answer = (await work()) as Session | { challenge: string };
      if ('challenge' in answer) return setChallenge(answer.challenge);
      forgetAsked();
      signedIn(answer);
    } catch (error) {
      if (!wasCancelled(error)) setFailure(messageOf(error));
    } finally {
      setBusy(false);
    }
  };

  useEffect(() => {
    if (tried.current) return;
    tried.current = true;
    if (token !== null) void attempt(() => call('signInByLink', { token }));
    if (pathname === RETURN_PATH) {
      void attempt(async () => {
        const { answer, from: before } = await comeBack(search);
        arriveAt(before);
        return answer;
      });
    }
  });

  return (
    <Center mih="100vh" p="md">
      <Box className="surface" p="xl" w="100%" maw={400} component="main">
        <Stack>
          <Logo size={34} busy={busy} />
          <Title order={1} fz={20}>
            {t('signIn')}
          </Title>
          {failure && (
            <Alert color="red" role="alert">
              {failure}
              {token !== null && (
                <Text size="sm" mt={4}>
                  <Say text="aLinkOpensOnce" values={{ login: <Code>volano login</Code> }} />
                </Text>
              )}
            </Alert>
          )}
          {challenge ? (
            <CodeForm busy={busy} enter={(code) => attempt(() => call('signInByCode', { challenge, code }))} again={() => setChallenge('')} />
          ) : (
            <Ways busy={busy} attempt={attempt} from={from} />
          )}
          <Languages />
        </Stack>
      </Box>
    </Center>
  );
}

function Languages() {
  return (
    <Group gap="md" justify="center" component="nav" aria-label={t('language')}>
      {LANGUAGES.map(({ code, name }) => (
        <Anchor key={code} component="button" type="button" size="xs" c="dimmed" lang={code} aria-current={code === getLanguage()} onClick={() => setLanguage(code)}>
          {name}
        </Anchor>
      ))}
    </Group>
  );
}

type Attempt = (work: () => Promise<unknown>) => Promise<void>;

function Ways({ busy, attempt, from }: { busy: boolean; attempt: Attempt; from: string }) {
  const [showAccount, setShowAccount] = useState(false);
  const form = useForm({ initialValues: { account: '', user: '', password: '' } });
  const [account] = useDebouncedValue(form.values.account, 400);
  const buttons = useCall('listSignInButtons', { account });
  const leave = (provider: ProviderButton) =>
    attempt(async () => {
      await leaveFor({ name: provider.name, account: form.values.account, hint: form.values.user }, from);
      return new Promise(() => undefined); // the page is being left
    });
  const others: ReactNode[] = (buttons.data?.items ?? []).map((provider) => (
    <Button key={provider.name} variant="default" leftSection={<IconLogin2 size={18} />} onClick={() => void leave(provider)}>
      {t('continueWithTitle', { title: provider.title })}
    </Button>
  ));
  if (canUsePasskeys()) {
    others.unshift(
      <Button
        key="passkey"
        variant="default"
        leftSection={<IconFingerprint size={18} />}
        onClick={() => void attempt(async () => call('signInByPasskey', await askPasskey()))}
      >
        {t('signInWithA')}
      </Button>,
    );
  }
  return (
    <>
      <form onSubmit={form.onSubmit((values) => void attempt(() => call('signIn', values)))}>
        <Stack>
          <TextInput label={t('user')} autoComplete="username" required autoFocus {...form.getInputProps('user')} />
          <PasswordInput label={t('password')} autoComplete="current-password" required {...form.getInputProps('password')} />
          <Collapse expanded={showAccount}>
            <TextInput label={t('account')} placeholder={t('accountExample')} {...form.getInputProps('account')} />
          </Collapse>
          <Button type="submit" loading={busy}>
            {t('signIn')}
          </Button>
        </Stack>
      </form>
      {others.length > 0 && (
        <>
          <Divider label={t('orElse')} />
          {others}
        </>
      )}
      <Button variant="subtle" size="compact-sm" onClick={() => setShowAccount(!showAccount)}>
        {showAccount ? t('useTheHomeAccount') : t('signInToAnother')}
      </Button>
      <Text size="xs" c="dimmed">
        <Say text="firstTimeTheTerminal" values={{ up: <Code>volano up</Code> }} />
      </Text>
    </>
  );
}

function CodeForm({ busy, enter, again }: { busy: boolean; enter: (code: string) => Promise<void>; again: () => void }) {
  const [code, setCode] = useState('');
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        void enter(code).then(() => setCode(''));
      }}
    >
      <Stack>
        <TextInput
          label={t('signInCode')}
          description={t('sixDigitsOfYour')}
          autoComplete="one-time-code"
          required
          autoFocus
          value={code}
          onChange={(event) => setCode(event.currentTarget.value)}
        />
        <Button type="submit" loading={busy}>
          {t('continue')}
        </Button>
        <Button variant="subtle" size="compact-sm" onClick={again}>
          {t('beginAgain')}
        </Button>
      </Stack>
    </form>
  );
}
