// Groups, whose policies hold for every member, and the roles that programs and instances take on.
import { ActionIcon, Button, Group, Modal, Stack, Table, Text, TextInput } from '@mantine/core';
import { useForm } from '@mantine/form';
import { useDisclosure } from '@mantine/hooks';
import { IconPlus, IconTrash, IconUsersGroup } from '@tabler/icons-react';

import { useCall, useChange } from '../api/call';
import type { GroupView, PersonView } from '../api/schema';
import { useConfirm } from '../app/confirm';
import { formatAgo } from '../app/format';
import { Empty, Failed, Surface, Waiting } from '../app/parts';
import { t } from '../i18n/text';
import { policyName, policyNames, userNameProblem } from './names';
import { usePolicyOptions } from './NewPerson';
import { Names } from './PeopleList';
import { Held } from './Person';

export function Groups() {
  const [making, { open, close }] = useDisclosure(false);
  const groups = useCall('listGroups', { limit: 1000 });
  const people = useCall('listPeople', { limit: 1000 });
  const create = (
    <Button size="xs" leftSection={<IconPlus size={15} />} onClick={open}>
      {t('createGroup')}
    </Button>
  );
  return (
    <Stack gap="lg">
      <NewGroupDialog opened={making} close={close} />
      <Surface title={t('groups')} aside={groups.data && groups.data.items.length > 0 && create}>
        {groups.isPending && <Waiting />}
        {groups.error !== null && <Failed error={groups.error} retry={() => void groups.refetch()} />}
        {groups.data && groups.data.items.length === 0 && (
          <Empty icon={<IconUsersGroup size={26} />} title={t('noGroupYet')} action={create}>
            {t('givePoliciesToA')}
          </Empty>
        )}
        <Stack gap="md">
          {groups.data?.items.map((group) => (
            <GroupCard key={group.id} group={group} members={people.data?.items.filter((person) => person.groups.includes(group.name)) ?? []} />
          ))}
        </Stack>
      </Surface>
      <Roles />
    </Stack>
  );
}

function GroupCard({ group, members }: { group: GroupView; members: PersonView[] }) {
  const { ask, dialog } = useConfirm();
  const attach = useChange('attachGroupPolicy', { reads: ['listGroups'] });
  const detach = useChange('detachGroupPolicy', { reads: ['listGroups'] });
  const remove = useChange('deleteGroup', { reads: ['listGroups'], done: t('groupNameIsDeleted', { name: group.name }) });
  const options = usePolicyOptions().filter((option) => !group.policies.includes(option.value));
  const erase = async () => {
    if (await ask({ title: t('deleteGroupAsk', { name: group.name }), text: t('onlyAGroupWithout'), yes: t('delete') })) remove.mutate({ group: group.name });
  };
  return (
    <div className="well" style={{ padding: 14 }} data-group={group.name}>
      {dialog}
      <Group justify="space-between" mb="xs">
        <div>
          <Text fw={600}>{group.name}</Text>
          <Text size="xs" c="dimmed">
            {members.length === 0 ? t('noMembers') : members.map((person) => person.display_name).join(', ')}
          </Text>
        </div>
        <ActionIcon variant="subtle" color="red" onClick={() => void erase()} aria-label={t('deleteGroup', { name: group.name })}>
          <IconTrash size={16} />
        </ActionIcon>
      </Group>
      <Held
        title={t('policies')}
        none={t('noneMembersGetNothing')}
        held={group.policies.map((arn) => ({ value: arn, label: policyName(arn) }))}
        inline={group.inline_policies}
        options={options}
        placeholder={t('attachAPolicy')}
        add={(policy) => attach.mutate({ group: group.name, policy })}
        remove={(policy) => detach.mutate({ group: group.name, policy })}
      />
    </div>
  );
}

function NewGroupDialog({ opened, close }: { opened: boolean; close: () => void }) {
  const make = useChange('createGroup', { reads: ['listGroups'] });
  const form = useForm({ initialValues: { name: '' }, validate: { name: userNameProblem } });
  const submit = form.onSubmit((values) =>
    make.mutate(values, {
      onSuccess: () => {
        form.reset();
        close();
      },
    }),
  );
  return (
    <Modal opened={opened} onClose={close} title={t('createGroup')} centered>
      <form onSubmit={submit}>
        <Stack>
          <TextInput label={t('name')} placeholder={t('warehouse')} data-autofocus autoComplete="off" {...form.getInputProps('name')} />
          <Group justify="flex-end" gap="xs">
            <Button variant="default" onClick={close}>
              {t('cancel')}
            </Button>
            <Button type="submit" loading={make.isPending}>
              {t('create')}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}

function Roles() {
  const { data, error, isPending } = useCall('listRoles', { limit: 1000 });
  return (
    <Surface title={t('roles')}>
      {isPending && <Waiting />}
      {error !== null && <Failed error={error} />}
      {data && data.items.length === 0 && (
        <Text size="sm" c="dimmed">
          {t('noRoleYetA')}
        </Text>
      )}
      {data && data.items.length > 0 && (
        <Table.ScrollContainer minWidth={480}>
          <Table verticalSpacing={7}>
            <Table.Thead>
              <Table.Tr>
                <Table.Th>{t('role')}</Table.Th>
                <Table.Th>{t('policies')}</Table.Th>
                <Table.Th>{t('usedColumn')}</Table.Th>
              </Table.Tr>
            </Table.Thead>
            <Table.Tbody>
              {data.items.map((role) => (
                <Table.Tr key={role.id}>
                  <Table.Td>
                    <Text size="sm" fw={500}>
                      {role.name}
                    </Text>
                    <Text size="xs" c="dimmed">
                      {role.description || role.arn}
                    </Text>
                  </Table.Td>
                  <Table.Td>
                    <Names names={policyNames(role)} none={t('noneAttached')} />
                  </Table.Td>
                  <Table.Td>{role.last_used_us === null ? t('never') : formatAgo(role.last_used_us)}</Table.Td>
                </Table.Tr>
              ))}
            </Table.Tbody>
          </Table>
        </Table.ScrollContainer>
      )}
    </Surface>
  );
}
