// Adding a person (by one-time link or password) or a program's service account.
import { Button, Group, Modal, MultiSelect, PasswordInput, SegmentedControl, Stack, Text, TextInput } from '@mantine/core';
import { useForm } from '@mantine/form';

import { useCall, useChange } from '../api/call';
import { tell } from '../app/parts';
import { t } from '../i18n/text';
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
      <Modal opened={opened} onClose={close} title={t('addPerson')} centered size="lg">
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
      email: (value) => (value === '' || /^\S+@\S+$/.test(value) ? null : t('notAnEmail')),
      password: (value, all) => (all.kind === 'user' && all.way === 'password' && value.length < 8 ? t('useAtLeast8') : null),
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
          if (made.login_url === null) tell(t('personAdded', { displayName: made.display_name }));
          else reveal({ title: t('invitePerson', { displayName: made.display_name }), text: t('sendThisLinkTo', { displayName: made.display_name }), values: [{ label: t('inviteLink'), value: made.login_url }] });
        },
      },
    ),
  );
  return (
    <form onSubmit={submit}>
      <Stack>
        <SegmentedControl
          data={[
            { value: 'user', label: t('person') },
            { value: 'service-account', label: t('program') },
          ]}
          {...form.getInputProps('kind')}
          aria-label={t('personOrProgram')}
        />
        <Group grow align="flex-start">
          <TextInput label={t('userName')} required data-autofocus autoComplete="off" {...form.getInputProps('name')} />
          <TextInput label={t('shownAs')} placeholder={values.name} autoComplete="off" {...form.getInputProps('display_name')} />
        </Group>
        {isUser && <TextInput label={t('emailAddressShort')} autoComplete="off" {...form.getInputProps('email')} />}
        <MultiSelect label={t('policies')} description={t('whatTheyMayDo')} data={policies} searchable clearable hidePickedOptions {...form.getInputProps('policies')} />
        {groups.data && groups.data.items.length > 0 && <MultiSelect label={t('groups')} data={groups.data.items.map((group) => group.name)} {...form.getInputProps('groups')} />}
        {isUser ? (
          <>
            <SegmentedControl
              data={[
                { value: 'link', label: t('inviteByLink') },
                { value: 'password', label: t('setAPassword') },
              ]}
              {...form.getInputProps('way')}
              aria-label={t('firstSignIn')}
            />
            {byPassword ? (
              <PasswordInput label={t('firstPassword')} description={t('theyChooseTheirOwn')} autoComplete="new-password" {...form.getInputProps('password')} />
            ) : (
              <Text size="xs" c="dimmed">
                {t('youGetALink')}
              </Text>
            )}
          </>
        ) : (
          <Text size="xs" c="dimmed">
            {t('aProgramCannotSign')}
          </Text>
        )}
        <Group justify="flex-end" gap="xs">
          <Button variant="default" onClick={close}>
            {t('cancel')}
          </Button>
          <Button type="submit" loading={make.isPending}>
            {t('add')}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
