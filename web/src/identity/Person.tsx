// One person: policies, groups, keys, and letting in or shutting out.
import { ActionIcon, Badge, Button, Drawer, Group, Select, Stack, Text, Title } from '@mantine/core';
import { IconLink, IconLogout, IconShieldOff, IconTrash, IconUserCheck, IconUserOff, IconX } from '@tabler/icons-react';

import { useCall, useChange, type Operation } from '../api/call';
import type { PersonView } from '../api/schema';
import { uncovered, useConfirm } from '../app/confirm';
import { formatTime } from '../app/format';
import { Failed, Waiting } from '../app/parts';
import { useSession } from '../app/session';
import { t } from '../i18n/text';
import { Copyable, FactTable } from '../objects/Details';
import { KeyTable } from './KeyTable';
import { policyName } from './names';
import { usePolicyOptions } from './NewPerson';
import { useSecret } from './Secret';

const READS: Operation[] = ['listPeople', 'getPerson'];

export function PersonDrawer({ user, close }: { user: string | null; close: () => void }) {
  return (
    <Drawer opened={user !== null} onClose={uncovered(close)} position="right" size="lg" title={<Text fw={650}>{user}</Text>}>
      {user !== null && <Body user={user} close={close} />}
    </Drawer>
  );
}

function Body({ user, close }: { user: string; close: () => void }) {
  const { data, error, isPending } = useCall('getPerson', { user });
  if (isPending) return <Waiting />;
  if (error !== null) return <Failed error={error} />;
  return (
    <Stack gap="lg">
      <Doors person={data} close={close} />
      <FactTable
        rows={[
          [t('shownAs'), data.display_name],
          [t('emailAddressShort'), data.email],
          ['ARN', <Copyable key="arn" value={data.arn} />],
          [t('password'), data.kind === 'user' ? (data.has_password ? t('passwordIsSet') : t('passwordNone')) : ''],
          [t('addedAt'), formatTime(data.created_us)],
        ]}
      />
      <Policies person={data} />
      <Memberships person={data} />
      <div>
        <Title order={3} fz={15} mb="xs">
          {t('keys')}
        </Title>
        <KeyTable user={data.name} />
      </div>
    </Stack>
  );
}

function Doors({ person, close }: { person: PersonView; close: () => void }) {
  const session = useSession();
  const { ask, dialog } = useConfirm();
  const { reveal, dialog: secret } = useSecret();
  const change = useChange('updatePerson', { reads: READS });
  const remove = useChange('deletePerson', { reads: READS, done: t('personDeleted', { displayName: person.display_name }) });
  const invite = useChange('createLoginLink');
  const endAll = useChange('endPersonSessions', { done: t('personSignedOut', { displayName: person.display_name }) });
  const reset = useChange('resetPersonSecurity', { done: t('personSignInReset', { displayName: person.display_name }) });
  const isSelf = person.name === session.name;
  const signOut = async () => {
    const text = t('allSessionsInBrowsers');
    if (await ask({ title: t('signPersonOut', { displayName: person.display_name }), text, yes: t('signOut') })) endAll.mutate({ user: person.name });
  };
  const resetFactors = async () => {
    const text = t('forALostPhone');
    if (await ask({ title: t('resetPersonSignIn', { displayName: person.display_name }), text, yes: t('reset') })) reset.mutate({ user: person.name });
  };
  const erase = async () => {
    const text = t('allKeysStopWorking');
    if (await ask({ title: t('deletePerson', { displayName: person.display_name }), text, yes: t('delete'), typed: person.name })) remove.mutate({ user: person.name }, { onSuccess: close });
  };
  const disable = async () => {
    const text = t('sessionsEndAndKeys');
    if (await ask({ title: t('disablePerson', { displayName: person.display_name }), text, yes: t('disable') })) change.mutate({ user: person.name, disabled: true });
  };
  const makeLink = () =>
    invite.mutate(
      { user: person.name },
      { onSuccess: (made) => reveal({ title: t('signInLinkFor', { displayName: person.display_name }), text: t('itSignsInOnce'), values: [{ label: t('signInLink'), value: made.login_url }] }) },
    );
  return (
    <Group gap="xs">
      {dialog}
      {secret}
      {person.kind === 'user' && (
        <Button size="xs" variant="default" leftSection={<IconLink size={15} />} loading={invite.isPending} onClick={makeLink} disabled={person.disabled}>
          {t('signInLink')}
        </Button>
      )}
      {person.disabled ? (
        <Button size="xs" variant="light" leftSection={<IconUserCheck size={15} />} loading={change.isPending} onClick={() => change.mutate({ user: person.name, disabled: false })}>
          {t('enable')}
        </Button>
      ) : (
        <Button size="xs" variant="default" leftSection={<IconUserOff size={15} />} loading={change.isPending} onClick={() => void disable()} disabled={isSelf}>
          {t('disable')}
        </Button>
      )}
      {person.kind === 'user' && !isSelf && (
        <>
          <Button size="xs" variant="default" leftSection={<IconLogout size={15} />} loading={endAll.isPending} onClick={() => void signOut()}>
            {t('signOutEverywhere')}
          </Button>
          <Button size="xs" variant="default" leftSection={<IconShieldOff size={15} />} loading={reset.isPending} onClick={() => void resetFactors()}>
            {t('resetSignIn')}
          </Button>
        </>
      )}
      <Button size="xs" variant="light" color="red" leftSection={<IconTrash size={15} />} loading={remove.isPending} onClick={() => void erase()} disabled={isSelf}>
        {t('delete')}
      </Button>
    </Group>
  );
}

function Policies({ person }: { person: PersonView }) {
  const options = usePolicyOptions().filter((option) => !person.policies.includes(option.value));
  const attach = useChange('attachPersonPolicy', { reads: READS });
  const detach = useChange('detachPersonPolicy', { reads: READS });
  return (
    <Held
      title={t('policies')}
      none={t('noPolicyOfTheir')}
      held={person.policies.map((arn) => ({ value: arn, label: policyName(arn) }))}
      inline={person.inline_policies}
      options={options}
      placeholder={t('attachAPolicy')}
      add={(policy) => attach.mutate({ user: person.name, policy })}
      remove={(policy) => detach.mutate({ user: person.name, policy })}
    />
  );
}

function Memberships({ person }: { person: PersonView }) {
  const groups = useCall('listGroups', { limit: 1000 });
  const add = useChange('addPersonToGroup', { reads: READS });
  const remove = useChange('removePersonFromGroup', { reads: READS });
  const options = groups.data?.items.map((group) => group.name).filter((name) => !person.groups.includes(name)) ?? [];
  return (
    <Held
      title={t('groups')}
      none={t('inNoGroup')}
      held={person.groups.map((name) => ({ value: name, label: name }))}
      options={options.map((name) => ({ value: name, label: name }))}
      placeholder={t('addToAGroup')}
      add={(group) => add.mutate({ user: person.name, group })}
      remove={(group) => remove.mutate({ user: person.name, group })}
    />
  );
}

interface Option {
  value: string;
  label: string;
}

interface HeldProps {
  title: string;
  none: string;
  held: Option[];
  inline?: string[];
  options: Option[];
  placeholder: string;
  add: (value: string) => void;
  remove: (value: string) => void;
}

// What somebody or some group holds, each with a way to take it away, and a way to give more.
export function Held({ title, none, held, inline = [], options, placeholder, add, remove }: HeldProps) {
  return (
    <div>
      <Title order={3} fz={15} mb="xs">
        {title}
      </Title>
      <Group gap={6} mb="xs">
        {held.map(({ value, label }) => (
          <Badge
            key={value}
            size="lg"
            variant="light"
            tt="none"
            fw={500}
            rightSection={
              <ActionIcon size={16} variant="transparent" color="gray" onClick={() => remove(value)} aria-label={t('takeAwayLabel', { label })}>
                <IconX size={13} />
              </ActionIcon>
            }
          >
            {label}
          </Badge>
        ))}
        {inline.map((name) => (
          <Badge key={name} size="lg" variant="outline" tt="none" fw={500} title={t('inlinePolicyAbout')}>
            {t('inlinePolicy', { name })}
          </Badge>
        ))}
        {held.length + inline.length === 0 && (
          <Text size="sm" c="dimmed">
            {none}
          </Text>
        )}
      </Group>
      {options.length > 0 && <Select size="xs" maw={320} placeholder={placeholder} aria-label={placeholder} searchable data={options} value={null} onChange={(value) => value && add(value)} />}
    </div>
  );
}
