// One person: policies, groups, keys, and letting in or shutting out.
import { ActionIcon, Badge, Button, Drawer, Group, Select, Stack, Text, Title } from '@mantine/core';
import { IconLink, IconLogout, IconShieldOff, IconTrash, IconUserCheck, IconUserOff, IconX } from '@tabler/icons-react';

import { useCall, useChange, type Operation } from '../api/call';
import type { PersonView } from '../api/schema';
import { uncovered, useConfirm } from '../app/confirm';
import { formatTime } from '../app/format';
import { Failed, Waiting } from '../app/parts';
import { useSession } from '../app/session';
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
          ['Shown as', data.display_name],
          ['E-mail', data.email],
          ['ARN', <Copyable key="arn" value={data.arn} />],
          ['Password', data.kind === 'user' ? (data.has_password ? 'set' : 'none yet') : ''],
          ['Added', formatTime(data.created_us)],
        ]}
      />
      <Policies person={data} />
      <Memberships person={data} />
      <div>
        <Title order={3} fz={15} mb="xs">
          Keys
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
  const remove = useChange('deletePerson', { reads: READS, done: `${person.display_name} is deleted` });
  const invite = useChange('createLoginLink');
  const endAll = useChange('endPersonSessions', { done: `${person.display_name} is signed out everywhere` });
  const reset = useChange('resetPersonSecurity', { done: `${person.display_name} signs in by password or link alone` });
  const isSelf = person.name === session.name;
  const signOut = async () => {
    const text = 'All sessions in browsers end at once. Keys stay.';
    if (await ask({ title: `Sign ${person.display_name} out everywhere?`, text, yes: 'Sign out' })) endAll.mutate({ user: person.name });
  };
  const resetFactors = async () => {
    const text = 'For a lost phone: passkeys, authenticator app, recovery codes and MFA devices are removed, and sessions end. Be sure that it is really them who ask.';
    if (await ask({ title: `Reset how ${person.display_name} signs in?`, text, yes: 'Reset' })) reset.mutate({ user: person.name });
  };
  const erase = async () => {
    const text = 'All keys stop working at once. What they made stays.';
    if (await ask({ title: `Delete ${person.display_name}?`, text, yes: 'Delete', typed: person.name })) remove.mutate({ user: person.name }, { onSuccess: close });
  };
  const disable = async () => {
    const text = 'Sessions end and keys stop working at once. You can let them in again later.';
    if (await ask({ title: `Disable ${person.display_name}?`, text, yes: 'Disable' })) change.mutate({ user: person.name, disabled: true });
  };
  const makeLink = () =>
    invite.mutate(
      { user: person.name },
      { onSuccess: (made) => reveal({ title: `Sign-in link for ${person.display_name}`, text: 'It signs in once, and is shown only now.', values: [{ label: 'Sign-in link', value: made.login_url }] }) },
    );
  return (
    <Group gap="xs">
      {dialog}
      {secret}
      {person.kind === 'user' && (
        <Button size="xs" variant="default" leftSection={<IconLink size={15} />} loading={invite.isPending} onClick={makeLink} disabled={person.disabled}>
          Sign-in link
        </Button>
      )}
      {person.disabled ? (
        <Button size="xs" variant="light" leftSection={<IconUserCheck size={15} />} loading={change.isPending} onClick={() => change.mutate({ user: person.name, disabled: false })}>
          Enable
        </Button>
      ) : (
        <Button size="xs" variant="default" leftSection={<IconUserOff size={15} />} loading={change.isPending} onClick={() => void disable()} disabled={isSelf}>
          Disable
        </Button>
      )}
      {person.kind === 'user' && !isSelf && (
        <>
          <Button size="xs" variant="default" leftSection={<IconLogout size={15} />} loading={endAll.isPending} onClick={() => void signOut()}>
            Sign out everywhere
          </Button>
          <Button size="xs" variant="default" leftSection={<IconShieldOff size={15} />} loading={reset.isPending} onClick={() => void resetFactors()}>
            Reset sign-in
          </Button>
        </>
      )}
      <Button size="xs" variant="light" color="red" leftSection={<IconTrash size={15} />} loading={remove.isPending} onClick={() => void erase()} disabled={isSelf}>
        Delete
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
      title="Policies"
      none="No policy of their own: they may do what their groups allow, else nothing."
      held={person.policies.map((arn) => ({ value: arn, label: policyName(arn) }))}
      options={options}
      placeholder="Attach a policy"
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
      title="Groups"
      none="In no group."
      held={person.groups.map((name) => ({ value: name, label: name }))}
      options={options.map((name) => ({ value: name, label: name }))}
      placeholder="Add to a group"
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
  options: Option[];
  placeholder: string;
  add: (value: string) => void;
  remove: (value: string) => void;
}

// What somebody or some group holds, each with a way to take it away, and a way to give more.
export function Held({ title, none, held, options, placeholder, add, remove }: HeldProps) {
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
              <ActionIcon size={16} variant="transparent" color="gray" onClick={() => remove(value)} aria-label={`Take away ${label}`}>
                <IconX size={13} />
              </ActionIcon>
            }
          >
            {label}
          </Badge>
        ))}
        {held.length === 0 && (
          <Text size="sm" c="dimmed">
            {none}
          </Text>
        )}
      </Group>
      {options.length > 0 && <Select size="xs" maw={320} placeholder={placeholder} aria-label={placeholder} searchable data={options} value={null} onChange={(value) => value && add(value)} />}
    </div>
  );
}
