// Users and service accounts of the account.
import { Anchor, Avatar, Badge, Button, Group, SegmentedControl, Table, Text, TextInput } from '@mantine/core';
import { IconPlus, IconRobot, IconSearch, IconUsers } from '@tabler/icons-react';
import { useState } from 'react';
import { useSearchParams } from 'react-router';

import { useCall } from '../api/call';
import type { PersonView } from '../api/schema';
import { formatAgo } from '../app/format';
import { Empty, Failed, Surface, Waiting } from '../app/parts';
import { t } from '../i18n/text';
import { policyNames } from './names';
import { NewPersonDialog } from './NewPerson';
import { PersonDrawer } from './Person';

export function PeopleList() {
  const [params, setParams] = useSearchParams();
  const [wanted, setWanted] = useState('');
  const [kind, setKind] = useState('');
  const { data, error, isPending, refetch } = useCall('listPeople', { limit: 1000 });
  const word = wanted.trim().toLowerCase();
  const shown = data?.items.filter((person) => (kind === '' || person.kind === kind) && `${person.name} ${person.display_name} ${person.email}`.toLowerCase().includes(word)) ?? [];
  if (isPending) return <Waiting />;
  if (error !== null) return <Failed error={error} retry={() => void refetch()} />;
  return (
    <Surface>
      <NewPersonDialog opened={params.get('new') !== null} close={() => setParams({}, { replace: true })} />
      <PersonDrawer user={params.get('user')} close={() => setParams({}, { replace: true })} />
      <Group justify="space-between" mb="sm" gap="xs">
        <Group gap="xs">
          <TextInput placeholder={t('findAPerson')} aria-label={t('findAPerson')} leftSection={<IconSearch size={16} />} value={wanted} onChange={(event) => setWanted(event.currentTarget.value)} w={220} />
          <SegmentedControl
            size="xs"
            value={kind}
            onChange={setKind}
            data={[
              { value: '', label: t('all') },
              { value: 'user', label: t('people') },
              { value: 'service-account', label: t('programs') },
            ]}
            aria-label={t('whichKind')}
          />
        </Group>
        <Button leftSection={<IconPlus size={16} />} onClick={() => setParams({ new: '1' })}>
          {t('addPerson')}
        </Button>
      </Group>
      {shown.length === 0 && (
        <Empty icon={<IconUsers size={26} />} title={t('nobodyLikeThat')}>
          {t('nobodyMatchesAService')}
        </Empty>
      )}
      {shown.length > 0 && <PeopleTable people={shown} open={(user) => setParams({ user })} />}
    </Surface>
  );
}

function PeopleTable({ people, open }: { people: PersonView[]; open: (user: string) => void }) {
  return (
    <Table.ScrollContainer minWidth={640}>
      <Table highlightOnHover verticalSpacing="sm">
        <Table.Thead>
          <Table.Tr>
            <Table.Th>{t('name')}</Table.Th>
            <Table.Th>{t('policies')}</Table.Th>
            <Table.Th>{t('groups')}</Table.Th>
            <Table.Th>{t('signedIn')}</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {people.map((person) => (
            <Table.Tr key={person.id} data-person={person.name}>
              <Table.Td>
                <Group gap="sm" wrap="nowrap">
                  {person.kind === 'user' ? (
                    <Avatar size={32} name={person.display_name} color="initials" />
                  ) : (
                    <Avatar size={32} color="gray">
                      <IconRobot size={18} />
                    </Avatar>
                  )}
                  <div>
                    <Group gap={6}>
                      <Anchor component="button" type="button" size="sm" fw={600} onClick={() => open(person.name)}>
                        {person.display_name}
                      </Anchor>
                      {person.disabled && (
                        <Badge size="sm" color="red" variant="light" tt="none">
                          {t('personDisabled')}
                        </Badge>
                      )}
                    </Group>
                    <Text size="xs" c="dimmed">
                      {[person.name, person.email].filter(Boolean).join(' · ')}
                    </Text>
                  </div>
                </Group>
              </Table.Td>
              <Table.Td>
                <Names names={policyNames(person)} none={t('nonePlain')} />
              </Table.Td>
              <Table.Td>
                <Names names={person.groups} none="" />
              </Table.Td>
              <Table.Td>
                <Text size="sm" c="dimmed" style={{ whiteSpace: 'nowrap' }}>
                  {person.password_used_us === null ? (person.kind === 'user' ? t('neverByPassword') : '') : formatAgo(person.password_used_us)}
                </Text>
              </Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  );
}

export function Names({ names, none }: { names: string[]; none: string }) {
  if (names.length === 0) {
    return (
      <Text size="sm" c="dimmed">
        {none}
      </Text>
    );
  }
  return (
    <Group gap={4}>
      {names.map((name) => (
        <Badge key={name} variant="light" color="gray" tt="none" fw={500}>
          {name}
        </Badge>
      ))}
    </Group>
  );
}
