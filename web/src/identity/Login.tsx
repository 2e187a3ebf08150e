// Sign in by password, or by a one-time link (/login?token=…), which signs in by itself.
import { Alert, Box, Button, Center, Code, Collapse, PasswordInput, Stack, Text, TextInput, Title } from '@mantine/core';
import { useForm } from '@mantine/form';
import { useEffect, useRef, useState } from 'react';

import { call } from '../api/call';
import { Logo } from '../app/Logo';
import { messageOf } from '../app/parts';
import { useSessionState, type Session } from '../app/session';

export function Login() {
  const { signedIn } = useSessionState();
  const [failure, setFailure] = useState('');
  const [busy, setBusy] = useState(false);
  const [showAccount, setShowAccount] = useState(false);
  const form = useForm({ initialValues: { account: '', user: '', password: '' } });
  const token = new URLSearchParams(location.search).get('token');
  const tried = useRef(false);

  const attempt = async (work: Promise<unknown>) => {
    setBusy(true);
    setFailure('');
    try {
      signedIn((await work) as Session);
      history.replaceState(null, '', '/');
    } catch (error) {
      setFailure(messageOf(error));
    } finally {
      setBusy(false);
    }
  };

  useEffect(() => {
    if (token === null || tried.current) return;
    tried.current = true;
    void attempt(call('signInByLink', { token }));
  });

  return (
    <Center mih="100vh" p="md">
      <Box className="surface" p="xl" w="100%" maw={400} component="main">
        <form onSubmit={form.onSubmit((values) => void attempt(call('signIn', values)))}>
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
            <TextInput label="User" autoComplete="username" required autoFocus {...form.getInputProps('user')} />
            <PasswordInput label="Password" autoComplete="current-password" required {...form.getInputProps('password')} />
            <Collapse expanded={showAccount}>
              <TextInput label="Account" placeholder="123456789012 or alias" {...form.getInputProps('account')} />
            </Collapse>
            <Button type="submit" loading={busy}>
              Sign in
            </Button>
            <Button variant="subtle" size="compact-sm" onClick={() => setShowAccount(!showAccount)}>
              {showAccount ? 'Use the home account' : 'Sign in to another account'}
            </Button>
            <Text size="xs" c="dimmed">
              First time? The terminal that runs <Code>volano up</Code> shows a one-time link.
            </Text>
          </Stack>
        </form>
      </Box>
    </Center>
  );
}
