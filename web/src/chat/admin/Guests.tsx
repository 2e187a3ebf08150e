// Inviting somebody from outside to a few channels; the link to pass on is shown once.
import { Alert, Button, Code, Group, MultiSelect, Select, Stack, Text, TextInput, Title } from '@mantine/core';
import { useState, type FormEvent } from 'react';

import { rest } from '../../api/client';
import { tellFailure } from '../../app/parts';
import { t } from '../../i18n/text';
import { useWorkplace } from '../context';

interface Invited {
  email: string;
  login_url: string;
  mailed: boolean;
}

export function Guests() {
  const { home } = useWorkplace();
  const [email, setEmail] = useState('');
  const [kind, setKind] = useState<'multi' | 'single'>('multi');
  const [channels, setChannels] = useState<string[]>([]);
  const [until, setUntil] = useState('');
  const [invited, setInvited] = useState<Invited | null>(null);
  const rooms = home.channels.filter(({ channel }) => !channel.is_im && !channel.is_mpim && !channel.is_archived).map(({ channel }) => ({ value: channel.id, label: `#${channel.name ?? channel.id}` }));
  const submit = (event: FormEvent) => {
    event.preventDefault();
    const seconds = until === '' ? 0 : Date.parse(`${until}T23:59:59Z`) / 1000;
    rest.post<Invited>('/chat/guests', { email, guest: kind, channels, until: seconds }).then((made) => {
      setInvited(made);
      setEmail('');
      setChannels([]);
    }, tellFailure);
  };
  return (
    <Stack component="section" aria-label={t('inviteAGuest')} gap="sm">
      <Title order={2} fz={16}>
        {t('inviteAGuest')}
      </Title>
      <Text size="sm" c="dimmed">
        {t('guestsAbout')}
      </Text>
      <form onSubmit={submit}>
        <Stack gap="sm">
          <Group grow align="start">
            <TextInput type="email" label={t('emailAddress')} value={email} onChange={(event) => setEmail(event.currentTarget.value)} required />
            <Select
              label={t('guestKind')}
              data={[
                { value: 'multi', label: t('multiChannelGuest') },
                { value: 'single', label: t('singleChannelGuest') },
              ]}
              value={kind}
              allowDeselect={false}
              onChange={(value) => setKind(value === 'single' ? 'single' : 'multi')}
            />
          </Group>
          <Group grow align="start">
            <MultiSelect label={t('channels')} data={rooms} value={channels} onChange={setChannels} maxValues={kind === 'single' ? 1 : 100} searchable required />
            <TextInput type="date" label={t('guestUntil')} value={until} onChange={(event) => setUntil(event.currentTarget.value)} />
          </Group>
          <Group>
            <Button type="submit" disabled={email === '' || channels.length === 0}>
              {t('invite')}
            </Button>
          </Group>
        </Stack>
      </form>
      {invited !== null && (
        <Alert title={t('guestInvited', { email: invited.email })} color="green" role="status">
          <Text size="sm">{t(invited.mailed ? 'guestMailed' : 'guestLink')}</Text>
          <Code block mt="xs">
            {invited.login_url}
          </Code>
        </Alert>
      )}
    </Stack>
  );
}
