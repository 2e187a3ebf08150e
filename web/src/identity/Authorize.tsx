// A program asks to act for the signed-in person (OAuth): who asks, what it could do, yes or no.
import { Alert, Box, Button, Center, Group, Radio, Stack, Text, ThemeIcon, Title } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { IconPlugConnected } from '@tabler/icons-react';
import { useState } from 'react';
import { useLocation } from 'react-router';

import { call, useCall } from '../api/call';
import { Logo } from '../app/Logo';
import { Failed, messageOf, Waiting } from '../app/parts';
import { useSession } from '../app/session';
import { Say, t } from '../i18n/text';

export function Authorize() {
  const session = useSession();
  const asked = Object.fromEntries(new URLSearchParams(useLocation().search));
  const { client_id = '', redirect_uri = '', state = '', code_challenge = '' } = asked;
  const { data, error, isPending } = useCall('getOauthRequest', { client_id, redirect_uri });
  const [scope, setScope] = useState(asked.scope === 'read' ? 'read' : 'all');
  const approve = useMutation({
    mutationFn: () => call('approveOauthRequest', { client_id, redirect_uri, scope, state, code_challenge }),
    onSuccess: ({ redirect_to }) => window.location.assign(redirect_to),
  });
  return (
    <Center mih="100vh" p="md">
      <Box className="surface" p="xl" w="100%" maw={460} component="main">
        <Stack>
          <Logo size={34} busy={approve.isPending} />
          {isPending && <Waiting />}
          {error !== null && (
            <>
              <Title order={1} fz={20}>
                {t('thisProgramCannotBe')}
              </Title>
              <Failed error={error} />
              <Text size="sm">{t('nothingWasAllowedClose')}</Text>
            </>
          )}
          {data && (
            <>
              <Group wrap="nowrap">
                <ThemeIcon size={40} radius="xl" variant="light">
                  <IconPlugConnected size={22} />
                </ThemeIcon>
                <Title order={1} fz={20}>
                  {t('wantsToAct', { clientName: data.client_name })}
                </Title>
              </Group>
              <Text size="sm">
                <Say text="itWouldUseThis" values={{ displayName: <b>{session.display_name}</b>, accountName: session.account_name, returnsTo: <b>{data.returns_to}</b> }} />
              </Text>
              <Radio.Group label={t('oauthMay')} value={scope} onChange={setScope}>
                <Stack gap="xs" mt={6}>
                  <Radio value="all" label={t('readAndChangeWhat')} />
                  <Radio value="read" label={t('oauthOnlyRead')} />
                </Stack>
              </Radio.Group>
              {approve.error && (
                <Alert color="red" role="alert">
                  {messageOf(approve.error)}
                </Alert>
              )}
              <Group grow>
                <Button variant="default" onClick={() => window.location.assign(refusal(redirect_uri, state))}>
                  {t('refuse')}
                </Button>
                <Button loading={approve.isPending || approve.isSuccess} onClick={() => approve.mutate()}>
                  {t('allowIt')}
                </Button>
              </Group>
              <Text size="xs" c="dimmed">
                {t('youCanEndThis')}
              </Text>
            </>
          )}
        </Stack>
      </Box>
    </Center>
  );
}

// The server checked the address before this button was shown.
function refusal(address: string, state: string): string {
  const answer = new URLSearchParams({ error: 'access_denied', ...(state && { state }) });
  return `${address}${address.includes('?') ? '&' : '?'}${answer.toString()}`;
}
