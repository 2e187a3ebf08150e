// The authenticator app: set up by QR code, recovery codes, removal.
import { Alert, Badge, Button, Code, Group, Modal, SimpleGrid, Stack, Text, TextInput } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { IconDeviceMobile } from '@tabler/icons-react';
import { useState } from 'react';

import { call, useChange, useReadAgain } from '../api/call';
import type { NewAuthenticator, Security } from '../api/schema';
import { useConfirm } from '../app/confirm';
import { Copy, Empty, Surface, tellFailure } from '../app/parts';
import { t } from '../i18n/text';
import { Qr } from './Qr';

const FEW_CODES = 3;

export function SecondFactor({ security }: { security: Security }) {
  const [begun, setBegun] = useState<NewAuthenticator | null>(null);
  const [codes, setCodes] = useState<string[] | null>(null);
  const begin = useMutation({ mutationFn: () => call('beginAuthenticator', {}), onSuccess: setBegun, onError: tellFailure });
  const renew = useChange('renewRecoveryCodes', { reads: ['getSecurity'] });
  const remove = useChange('deleteAuthenticator', { reads: ['getSecurity'], done: t('codesAreAskedFor') });
  const { ask, dialog } = useConfirm();
  const removeIt = async () => {
    const text = t('yourPasswordAloneWill');
    if (await ask({ title: t('removeAuthenticatorApp'), text, yes: t('remove') })) remove.mutate({});
  };
  const renewThem = async () => {
    const text = t('youGetTenNew');
    if (await ask({ title: t('newRecoveryCodes'), text, yes: t('makeNewCodes'), calm: true })) renew.mutate({}, { onSuccess: (made) => setCodes(made.codes) });
  };
  return (
    <Surface title={t('authenticatorApp')}>
      {dialog}
      <Modal opened={begun !== null} onClose={() => setBegun(null)} title={t('setUpAnAuthenticator')} centered size="lg" closeOnClickOutside={false}>
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
      <Modal opened={codes !== null} onClose={() => setCodes(null)} title={t('recoveryCodes')} centered closeOnClickOutside={false}>
        {codes && <Codes codes={codes} close={() => setCodes(null)} />}
      </Modal>
      {security.has_authenticator ? (
        <Stack gap="sm">
          <Group gap="xs">
            <Badge color="teal" variant="light" tt="none">
              {t('isOn')}
            </Badge>
            <Text size="sm">{t('aCodeOfYour')}</Text>
          </Group>
          <Text size="sm" c={security.recovery_codes_left <= FEW_CODES ? 'red' : 'dimmed'}>
            {t('recoveryCodesLeft', { left: security.recovery_codes_left })}
          </Text>
          <Group gap="xs">
            <Button size="xs" variant="default" onClick={() => void renewThem()} loading={renew.isPending}>
              {t('newRecoveryCodes')}
            </Button>
            <Button size="xs" variant="light" color="red" onClick={() => void removeIt()} loading={remove.isPending}>
              {t('remove')}
            </Button>
          </Group>
        </Stack>
      ) : (
        <Empty
          icon={<IconDeviceMobile size={26} />}
          title={security.asks_code ? t('noAuthenticatorApp') : t('noSecondFactor')}
          action={
            <Button size="xs" onClick={() => begin.mutate()} loading={begin.isPending}>
              {t('setUp')}
            </Button>
          }
        >
          {security.asks_code
            ? t('aCodeOfYourMfa')
            : t('withCodesOfAn')}
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
          <Qr value={begun.uri} label={t('qrCodeForYour')} />
          <Stack gap="xs" style={{ flex: '1 1 220px', minWidth: 0 }}>
            <Text size="sm">{t('scanThisWithAn')}</Text>
            <Group gap={4} wrap="nowrap" align="flex-start">
              <Code block className="wrap-anywhere" style={{ flex: 1 }} data-testid="totp-secret">
                {begun.secret}
              </Code>
              <Copy value={begun.secret} label={t('copySecret')} />
            </Group>
            <TextInput
              label={t('signInCode')}
              description={t('theSixDigitsThat')}
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
            {t('turnOn')}
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
      <Alert color="amber">{t('keepTheseWhereYour')}</Alert>
      <SimpleGrid cols={1} spacing={4} data-testid="recovery-codes">
        {codes.map((code) => (
          <Code key={code} ta="center" py={2}>
            {code}
          </Code>
        ))}
      </SimpleGrid>
      <Group justify="space-between">
        <Copy value={codes.join('\n')} label={t('copyCodes')} />
        <Button
          onClick={() => {
            again('getSecurity');
            close();
          }}
        >
          {t('iHaveKeptThem')}
        </Button>
      </Group>
    </Stack>
  );
}
