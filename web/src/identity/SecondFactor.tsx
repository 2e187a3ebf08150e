// The authenticator app: set up by QR code, recovery codes, removal.
import { Alert, Badge, Button, Code, Group, Modal, SimpleGrid, Stack, Text, TextInput } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { IconDeviceMobile } from '@tabler/icons-react';
import { useState } from 'react';

import { call, useChange, useReadAgain } from '../api/call';
import type { NewAuthenticator, Security } from '../api/schema';
import { useConfirm } from '../app/confirm';
import { Copy, Empty, Surface, tellFailure } from '../app/parts';
import { Qr } from './Qr';

const FEW_CODES = 3;

export function SecondFactor({ security }: { security: Security }) {
  const [begun, setBegun] = useState<NewAuthenticator | null>(null);
  const [codes, setCodes] = useState<string[] | null>(null);
  const begin = useMutation({ mutationFn: () => call('beginAuthenticator', {}), onSuccess: setBegun, onError: tellFailure });
  const renew = useChange('renewRecoveryCodes', { reads: ['getSecurity'] });
  const remove = useChange('deleteAuthenticator', { reads: ['getSecurity'], done: 'Codes are asked for no more' });
  const { ask, dialog } = useConfirm();
  const removeIt = async () => {
    const text = 'Your password alone will sign you in again. Recovery codes end too.';
    if (await ask({ title: 'Remove authenticator app', text, yes: 'Remove' })) remove.mutate({});
  };
  const renewThem = async () => {
    const text = 'You get ten new codes; the ones you have end.';
    if (await ask({ title: 'New recovery codes', text, yes: 'Make new codes', calm: true })) renew.mutate({}, { onSuccess: (made) => setCodes(made.codes) });
  };
  return (
    <Surface title="Authenticator app">
      {dialog}
      <Modal opened={begun !== null} onClose={() => setBegun(null)} title="Set up an authenticator app" centered size="lg" closeOnClickOutside={false}>
        {begun && (
          <SetUp
            begun={begun}
            done={(made) => {
              setBegun(null);
              setCodes(made);
            }}
          />
        )}
      </Modal>
      <Modal opened={codes !== null} onClose={() => setCodes(null)} title="Recovery codes" centered closeOnClickOutside={false}>
        {codes && <Codes codes={codes} close={() => setCodes(null)} />}
      </Modal>
      {security.has_authenticator ? (
        <Stack gap="sm">
          <Group gap="xs">
            <Badge color="teal" variant="light" tt="none">
              on
            </Badge>
            <Text size="sm">A code of your app is asked for after the password.</Text>
          </Group>
          <Text size="sm" c={security.recovery_codes_left <= FEW_CODES ? 'red' : 'dimmed'}>
            {security.recovery_codes_left} of 10 recovery codes left.
          </Text>
          <Group gap="xs">
            <Button size="xs" variant="default" onClick={() => void renewThem()} loading={renew.isPending}>
              New recovery codes
            </Button>
            <Button size="xs" variant="light" color="red" onClick={() => void removeIt()} loading={remove.isPending}>
              Remove
            </Button>
          </Group>
        </Stack>
      ) : (
        <Empty
          icon={<IconDeviceMobile size={26} />}
          title={security.asks_code ? 'No authenticator app' : 'No second factor'}
          action={
            <Button size="xs" onClick={() => begin.mutate()} loading={begin.isPending}>
              Set up
            </Button>
          }
        >
          {security.asks_code
            ? 'A code of your MFA device is asked for already. An app here adds recovery codes.'
            : 'With codes of an app on your phone, a stolen password is not enough to come in.'}
        </Empty>
      )}
    </Surface>
  );
}

function SetUp({ begun, done }: { begun: NewAuthenticator; done: (codes: string[]) => void }) {
  const [code, setCode] = useState('');
  const confirm = useChange('confirmAuthenticator', { reads: ['getSecurity'] });
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        confirm.mutate({ code }, { onSuccess: (made) => done(made.codes), onError: () => setCode('') });
      }}
    >
      <Stack>
        <Group align="flex-start" justify="center">
          <Qr value={begun.uri} label="QR code for your authenticator app" />
          <Stack gap="xs" style={{ flex: '1 1 220px', minWidth: 0 }}>
            <Text size="sm">Scan this with an authenticator app, or type the secret:</Text>
            <Group gap={4} wrap="nowrap" align="flex-start">
              <Code block className="wrap-anywhere" style={{ flex: 1 }} data-testid="totp-secret">
                {begun.secret}
              </Code>
              <Copy value={begun.secret} label="Copy secret" />
            </Group>
            <TextInput
              label="Code"
              description="The six digits that the app shows now"
              inputMode="numeric"
              autoComplete="one-time-code"
              required
              data-autofocus
              value={code}
              onChange={(event) => setCode(event.currentTarget.value)}
            />
          </Stack>
        </Group>
        <Group justify="flex-end">
          <Button type="submit" loading={confirm.isPending}>
            Turn on
          </Button>
        </Group>
      </Stack>
    </form>
  );
}

function Codes({ codes, close }: { codes: string[]; close: () => void }) {
  const again = useReadAgain();
  return (
    <Stack>
      <Alert color="amber">Keep these where your phone is not. Each signs you in once when the app is lost; they are shown this once.</Alert>
      <SimpleGrid cols={1} spacing={4} data-testid="recovery-codes">
        {codes.map((code) => (
          <Code key={code} ta="center" py={2}>
            {code}
          </Code>
        ))}
      </SimpleGrid>
      <Group justify="space-between">
        <Copy value={codes.join('\n')} label="Copy codes" />
        <Button
          onClick={() => {
            again('getSecurity');
            close();
          }}
        >
          I have kept them
        </Button>
      </Group>
    </Stack>
  );
}
