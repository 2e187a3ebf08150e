// Sign in by password, passkey, issuer, or one-time link (/login?token=…), which signs in by itself.
// Where there is a second factor, its code is asked for on the next card.
import { Alert, Box, Button, Center, Code, Collapse, Divider, PasswordInput, Stack, Text, TextInput, Title } from '@mantine/core';
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
            Sign in
          </Title>
          {failure && (
            <Alert color="red" role="alert">
              {failure}
              {token !== null && (
                <Text size="sm" mt={4}>
                  A link opens once. Make a new one with <Code>volano login</Code> on the server.
                </Text>
              )}
            </Alert>
          )}
          {challenge ? (
            <CodeForm busy={busy} enter={(code) => attempt(() => call('signInByCode', { challenge, code }))} again={() => setChallenge('')} />
          ) : (
            <Ways busy={busy} attempt={attempt} from={from} />
          )}
        </Stack>
      </Box>
    </Center>
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
      Continue with {provider.title}
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
        Sign in with a passkey
      </Button>,
    );
  }
  return (
    <>
      <form onSubmit={form.onSubmit((values) => void attempt(() => call('signIn', values)))}>
        <Stack>
          <TextInput label="User" autoComplete="username" required autoFocus {...form.getInputProps('user')} />
          <PasswordInput label="Password" autoComplete="current-password" required {...form.getInputProps('password')} />
          <Collapse expanded={showAccount}>
            <TextInput label="Account" placeholder="123456789012 or alias" {...form.getInputProps('account')} />
          </Collapse>
          <Button type="submit" loading={busy}>
            Sign in
          </Button>
        </Stack>
      </form>
      {others.length > 0 && (
        <>
          <Divider label="or" />
          {others}
        </>
      )}
      <Button variant="subtle" size="compact-sm" onClick={() => setShowAccount(!showAccount)}>
        {showAccount ? 'Use the home account' : 'Sign in to another account'}
      </Button>
      <Text size="xs" c="dimmed">
        First time? The terminal that runs <Code>volano up</Code> shows a one-time link.
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
          label="Code"
          description="Six digits of your authenticator app, or a recovery code"
          autoComplete="one-time-code"
          required
          autoFocus
          value={code}
          onChange={(event) => setCode(event.currentTarget.value)}
        />
        <Button type="submit" loading={busy}>
          Continue
        </Button>
        <Button variant="subtle" size="compact-sm" onClick={again}>
          Begin again
        </Button>
      </Stack>
    </form>
  );
}
