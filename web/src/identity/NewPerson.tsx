// Adding a person (by one-time link or password) or a program's service account.
import { Button, Group, Modal, MultiSelect, PasswordInput, SegmentedControl, Stack, Text, TextInput } from '@mantine/core';
import { useForm } from '@mantine/form';

import { useCall, useChange } from '../api/call';
import { tell } from '../app/parts';
import { userNameProblem } from './names';
import { useSecret, type Shown } from './Secret';

export function usePolicyOptions(): { value: string; label: string }[] {
  const { data } = useCall('listPolicies', { limit: 1000 });
  return data?.items.map((policy) => ({ value: policy.arn, label: policy.name })) ?? [];
}

export function NewPersonDialog({ opened, close }: { opened: boolean; close: () => void }) {
  const { reveal, dialog } = useSecret();
  return (
    <>
      {dialog}
      <Modal opened={opened} onClose={close} title="Add person" centered size="lg">
        <NewPersonForm close={close} reveal={reveal} />
      </Modal>
    </>
  );
}

function NewPersonForm({ close, reveal }: { close: () => void; reveal: (shown: Shown) => void }) {
  const make = useChange('createPerson', { reads: ['listPeople'] });
  const policies = usePolicyOptions();
  const groups = useCall('listGroups', { limit: 1000 });
  const form = useForm({
    initialValues: { kind: 'user', name: '', display_name: '', email: '', way: 'link', password: '', policies: [] as string[], groups: [] as string[] },
    validate: {
      name: userNameProblem,
      email: (value) => (value === '' || /^\S+@\S+$/.test(value) ? null : 'This is no e-mail address.'),
      password: (value, all) => (all.kind === 'user' && all.way === 'password' && value.length < 8 ? 'Use at least 8 characters.' : null),
    },
  });
  const { values } = form;
  const isUser = values.kind === 'user';
  const byPassword = isUser && values.way === 'password';
  const submit = form.onSubmit(({ way: _way, ...wanted }) =>
    make.mutate(
      { ...wanted, password: byPassword ? wanted.password : '' },
      {
        onSuccess: (made) => {
          close();
          if (made.login_url === null) tell(`${made.display_name} is added`);
          else reveal({ title: `Invite ${made.display_name}`, text: `Send this link to ${made.display_name}. It signs in once, and is shown only now.`, values: [{ label: 'Invite link', value: made.login_url }] });
        },
      },
    ),
  );
  return (
    <form onSubmit={submit}>
      <Stack>
        <SegmentedControl
          data={[
            { value: 'user', label: 'Person' },
            { value: 'service-account', label: 'Program' },
          ]}
          {...form.getInputProps('kind')}
          aria-label="Person or program"
        />
        <Group grow align="flex-start">
          <TextInput label="User name" required data-autofocus autoComplete="off" {...form.getInputProps('name')} />
          <TextInput label="Shown as" placeholder={values.name} autoComplete="off" {...form.getInputProps('display_name')} />
        </Group>
        {isUser && <TextInput label="E-mail" autoComplete="off" {...form.getInputProps('email')} />}
        <MultiSelect label="Policies" description="What they may do; without any, nothing." data={policies} searchable clearable hidePickedOptions {...form.getInputProps('policies')} />
        {groups.data && groups.data.items.length > 0 && <MultiSelect label="Groups" data={groups.data.items.map((group) => group.name)} {...form.getInputProps('groups')} />}
        {isUser ? (
          <>
            <SegmentedControl
              data={[
                { value: 'link', label: 'Invite by link' },
                { value: 'password', label: 'Set a password' },
              ]}
              {...form.getInputProps('way')}
              aria-label="First sign-in"
            />
            {byPassword ? (
              <PasswordInput label="First password" description="They choose their own when they first sign in." autoComplete="new-password" {...form.getInputProps('password')} />
            ) : (
              <Text size="xs" c="dimmed">
                You get a link to pass on. It opens once.
              </Text>
            )}
          </>
        ) : (
          <Text size="xs" c="dimmed">
            A program cannot sign in here. Make keys for it after it is added.
          </Text>
        )}
        <Group justify="flex-end" gap="xs">
          <Button variant="default" onClick={close}>
            Cancel
          </Button>
          <Button type="submit" loading={make.isPending}>
            Add
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
