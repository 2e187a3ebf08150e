// The organisation: departments as a tree, people with title, manager and telephone.
import { ActionIcon, Anchor, Button, Group, Modal, Select, Stack, Text, TextInput, Title, UnstyledButton } from '@mantine/core';
import { IconBuildingCommunity, IconMessage, IconPencil, IconPlus, IconTrash } from '@tabler/icons-react';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useState, type FormEvent } from 'react';

import { rest } from '../../api/client';
import { tellFailure } from '../../app/parts';
import { getLanguage, t } from '../../i18n/text';
import classes from '../chat.module.css';
import { nameOf, useWorkplace } from '../context';
import { Face } from '../Face';
import type { User } from '../types';
import { usePresence } from './presence';
import { Answered, Nothing, View } from './View';

interface Department {
  id: string;
  name: string;
  parent: string;
}

interface Position {
  user: string;
  department: string;
  manager: string;
  title: string;
  phone: string;
}

interface Organisation {
  departments: Department[];
  positions: Position[];
}

const directoryKey = ['chat', 'directory'] as const;
const MAX_SHOWN = 200;

function useDirectory() {
  return useQuery({ queryKey: directoryKey, queryFn: () => rest.get<Organisation>('/chat/directory') });
}

export function Directory() {
  const { me } = useWorkplace();
  const directory = useDirectory();
  const [search, setSearch] = useState('');
  const [department, setDepartment] = useState('');
  const [editing, setEditing] = useState<Department | null>(null);
  return (
    <View
      title={t('directory')}
      icon={<IconBuildingCommunity size={20} aria-hidden />}
      actions={
        me.is_admin && (
          <Button size="compact-sm" variant="light" leftSection={<IconPlus size={15} />} onClick={() => setEditing({ id: '', name: '', parent: department })}>
            {t('newDepartment')}
          </Button>
        )
      }
    >
      <Answered of={directory}>
        {(data) => (
          <div className={classes.directory}>
            <nav aria-label={t('departments')}>
              <UnstyledButton className={department === '' ? classes.placeCurrent : classes.place} onClick={() => setDepartment('')}>
                {t('everyone')}
              </UnstyledButton>
              <Tree data={data} parent="" chosen={department} choose={setDepartment} edit={me.is_admin ? setEditing : undefined} />
            </nav>
            <div style={{ minWidth: 0, flex: 1 }}>
              <TextInput placeholder={t('searchPeople')} aria-label={t('searchPeople')} value={search} onChange={(event) => setSearch(event.currentTarget.value)} mb="sm" />
              <People data={data} department={department} search={search} />
            </div>
            <Modal opened={editing !== null} onClose={() => setEditing(null)} title={editing?.id ? t('editDepartment') : t('newDepartment')}>
              {editing && <DepartmentForm department={editing} all={data.departments} close={() => setEditing(null)} />}
            </Modal>
          </div>
        )}
      </Answered>
    </View>
  );
}

interface TreeProps {
  data: Organisation;
  parent: string;
  chosen: string;
  choose: (id: string) => void;
  edit?: ((department: Department) => void) | undefined;
}

function Tree({ data, parent, chosen, choose, edit }: TreeProps) {
  const below = data.departments.filter((item) => item.parent === parent);
  if (below.length === 0) return null;
  return (
    <ul className={classes.tree}>
      {below.map((item) => (
        <li key={item.id}>
          <Group gap={0} wrap="nowrap">
            <UnstyledButton className={chosen === item.id ? classes.placeCurrent : classes.place} onClick={() => choose(item.id)}>
              <Text span truncate inherit>
                {item.name}
              </Text>
            </UnstyledButton>
            {edit && (
              <ActionIcon variant="subtle" color="gray" size="sm" onClick={() => edit(item)} aria-label={t('editNamed', { name: item.name })}>
                <IconPencil size={14} />
              </ActionIcon>
            )}
          </Group>
          <Tree data={data} parent={item.id} chosen={chosen} choose={choose} edit={edit} />
        </li>
      ))}
    </ul>
  );
}

// The department and everything below it.
function withBelow(departments: Department[], id: string): Set<string> {
  const found = new Set([id]);
  let size = 0;
  while (found.size > size) {
    size = found.size;
    for (const item of departments) if (found.has(item.parent)) found.add(item.id);
  }
  return found;
}

function People({ data, department, search }: { data: Organisation; department: string; search: string }) {
  const { home } = useWorkplace();
  const [editing, setEditing] = useState<User | null>(null);
  const positions = new Map(data.positions.map((item) => [item.user, item]));
  const inside = withBelow(data.departments, department);
  const words = search.trim().toLowerCase();
  const byName = new Intl.Collator(getLanguage());
  const found = home.users.filter((user) => {
    const position = positions.get(user.id);
    const isHere = department === '' || (position !== undefined && inside.has(position.department));
    return isHere && !user.deleted && !user.is_bot && `${nameOf(user)} ${user.name} ${position?.title ?? ''}`.toLowerCase().includes(words);
  });
  found.sort((one, other) => byName.compare(nameOf(one), nameOf(other)));
  return (
    <>
      <div className={classes.people}>
        {found.slice(0, MAX_SHOWN).map((user) => (
          <Person key={user.id} user={user} position={positions.get(user.id)} departments={data.departments} edit={() => setEditing(user)} />
        ))}
      </div>
      {found.length === 0 && <Nothing>{t('nobodyHere')}</Nothing>}
      <Modal opened={editing !== null} onClose={() => setEditing(null)} title={nameOf(editing ?? undefined)}>
        {editing && <PositionForm user={editing} position={positions.get(editing.id)} data={data} close={() => setEditing(null)} />}
      </Modal>
    </>
  );
}

function Person({ user, position, departments, edit }: { user: User; position: Position | undefined; departments: Department[]; edit: () => void }) {
  const { me, users, openDirect } = useWorkplace();
  const present = usePresence();
  const manager = position?.manager ? users.get(position.manager) : undefined;
  const department = departments.find((item) => item.id === position?.department);
  return (
    <article className={classes.card} style={{ margin: 0 }} aria-label={nameOf(user)}>
      <Group wrap="nowrap" align="flex-start">
        <Face user={user} size={44} />
        <div style={{ minWidth: 0, flex: 1 }}>
          <Title order={2} fz={16}>
            {nameOf(user)}
          </Title>
          <Text size="sm" c="dimmed" truncate>
            {[position?.title, department?.name].filter(Boolean).join(' · ') || `@${user.name}`}
          </Text>
          {manager && (
            <Text size="sm" c="dimmed" truncate>
              {t('reportsTo', { name: nameOf(manager) })}
            </Text>
          )}
          {user.profile.email && (
            <Anchor href={`mailto:${user.profile.email}`} size="sm" truncate display="block">
              {user.profile.email}
            </Anchor>
          )}
          {position?.phone && (
            <Anchor href={`tel:${position.phone}`} size="sm">
              {position.phone}
            </Anchor>
          )}
          <Text size="xs" c={present.has(user.id) ? 'light-dark(#1b6b2f, #8ce99a)' : 'dimmed'}>
            {present.has(user.id) ? t('presentNow') : t('away')}
          </Text>
        </div>
        <Stack gap={4}>
          <ActionIcon variant="light" onClick={() => void openDirect(user.id).catch(tellFailure)} aria-label={t('writeTo', { name: nameOf(user) })}>
            <IconMessage size={17} />
          </ActionIcon>
          {me.is_admin && (
            <ActionIcon variant="subtle" color="gray" onClick={edit} aria-label={t('editNamed', { name: nameOf(user) })}>
              <IconPencil size={16} />
            </ActionIcon>
          )}
        </Stack>
      </Group>
    </article>
  );
}

function useKeep(close: () => void): (work: () => Promise<unknown>) => void {
  const queries = useQueryClient();
  return (work) => {
    const keep = async () => {
      await work();
      await queries.invalidateQueries({ queryKey: directoryKey });
      close();
    };
    keep().catch(tellFailure);
  };
}

function DepartmentForm({ department, all, close }: { department: Department; all: Department[]; close: () => void }) {
  const [name, setName] = useState(department.name);
  const [parent, setParent] = useState<string | null>(department.parent || null);
  const keep = useKeep(close);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    const body = { name, parent: parent ?? '' };
    keep(() => (department.id ? rest.put(`/chat/departments/${department.id}`, body) : rest.post('/chat/departments', body)));
  };
  const below = department.id ? withBelow(all, department.id) : new Set<string>();
  return (
    <form onSubmit={submit}>
      <Stack>
        <TextInput label={t('name')} value={name} onChange={(event) => setName(event.currentTarget.value)} maxLength={100} required data-autofocus />
        <Select label={t('belowDepartment')} clearable data={all.filter((item) => !below.has(item.id)).map((item) => ({ value: item.id, label: item.name }))} value={parent} onChange={setParent} />
        <Group justify="space-between">
          {department.id ? (
            <Button variant="subtle" color="red" leftSection={<IconTrash size={16} />} onClick={() => keep(() => rest.delete(`/chat/departments/${department.id}`))}>
              {t('delete')}
            </Button>
          ) : (
            <span />
          )}
          <Button type="submit">{t('save')}</Button>
        </Group>
      </Stack>
    </form>
  );
}

function PositionForm({ user, position, data, close }: { user: User; position: Position | undefined; data: Organisation; close: () => void }) {
  const { home } = useWorkplace();
  const [values, setValues] = useState<Position>(position ?? { user: user.id, department: '', manager: '', title: '', phone: '' });
  const keep = useKeep(close);
  const people = home.users.filter((item) => !item.is_bot && !item.deleted && item.id !== user.id);
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        keep(() => rest.put(`/chat/positions/${user.id}`, values));
      }}
    >
      <Stack>
        <TextInput label={t('jobTitle')} value={values.title} maxLength={100} onChange={(event) => setValues({ ...values, title: event.currentTarget.value })} data-autofocus />
        <TextInput label={t('phone')} value={values.phone} maxLength={100} onChange={(event) => setValues({ ...values, phone: event.currentTarget.value })} />
        <Select label={t('department')} clearable searchable data={data.departments.map((item) => ({ value: item.id, label: item.name }))} value={values.department || null} onChange={(department) => setValues({ ...values, department: department ?? '' })} />
        <Select label={t('manager')} clearable searchable data={people.map((item) => ({ value: item.id, label: nameOf(item) }))} value={values.manager || null} onChange={(manager) => setValues({ ...values, manager: manager ?? '' })} />
        <Group justify="flex-end">
          <Button type="submit">{t('save')}</Button>
        </Group>
      </Stack>
    </form>
  );
}
