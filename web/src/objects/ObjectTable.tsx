// Folders and objects of one prefix. Arrow keys move, Enter opens, Space selects, Backspace goes up,
// Delete deletes.
import { ActionIcon, Button, Checkbox, Group, Menu, Table, Text } from '@mantine/core';
import { IconDots, IconDownload, IconFile, IconFileText, IconFolder, IconInfoCircle, IconLink, IconMovie, IconMusic, IconPhoto, IconTable, IconTrash } from '@tabler/icons-react';
import { useRef, useState, type KeyboardEvent } from 'react';

import { call } from '../api/call';
import type { ObjectView } from '../api/schema';
import { useConfirm } from '../app/confirm';
import { formatAgo, formatBytes, formatTime } from '../app/format';
import { tell, tellFailure } from '../app/parts';
import { t } from '../i18n/text';
import { deleteFolder } from './deletion';
import { LinkDialog } from './LinkDialog';
import { kindOf, lastPart, objectUrl, type Kind } from './names';

interface Props {
  bucket: string;
  prefix: string;
  folders: string[];
  objects: ObjectView[];
  go: (prefix: string) => void;
  show: (key: string) => void;
  changed: () => void;
}

export function ObjectTable({ bucket, prefix, folders, objects, go, show, changed }: Props) {
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set());
  const [linked, setLinked] = useState<string | null>(null);
  const { ask, dialog } = useConfirm();
  const body = useRef<HTMLTableSectionElement>(null);
  const names = [...folders, ...objects.map((item) => item.key)];
  const picked = names.filter((name) => chosen.has(name));

  const toggle = (name: string) => setChosen((before) => (before.has(name) ? new Set([...before].filter((other) => other !== name)) : new Set([...before, name])));
  const open = (name: string) => (name.endsWith('/') && folders.includes(name) ? go(name) : show(name));
  const erase = async (wanted: string[]) => {
    const folderCount = wanted.filter((name) => folders.includes(name)).length;
    const what = wanted.length === 1 ? `“${lastPart(wanted[0]!)}”` : t('itemsCount', { count: wanted.length });
    const text = folderCount > 0 ? t('everythingInTheFolders') : t('deletedObjectsCannotBe');
    if (!(await ask({ title: t('deleteWhatAsk', { what }), text, yes: t('delete') }))) return;
    await eraseAll(bucket, wanted, folders).catch(tellFailure);
    setChosen(new Set());
    changed();
  };

  const onKeyDown = (event: KeyboardEvent<HTMLTableSectionElement>) => {
    const row = (event.target as HTMLElement).closest('tr');
    if (row === null || event.target !== row) return;
    const rows = [...(body.current?.rows ?? [])];
    const at = rows.indexOf(row);
    const moves: Record<string, number> = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: rows.length - 1 };
    const name = names[at]!;
    if (event.key in moves) rows[moves[event.key]!]?.focus();
    else if (event.key === 'Enter') open(name);
    else if (event.key === ' ') toggle(name);
    else if (event.key === 'Backspace' && prefix) go(prefix.replace(/[^/]*\/$/, ''));
    else if (event.key === 'Delete') void erase(picked.length > 0 ? picked : [name]);
    else return;
    event.preventDefault();
  };

  return (
    <>
      {dialog}
      <LinkDialog bucket={bucket} objectKey={linked} close={() => setLinked(null)} />
      {picked.length > 0 && (
        <Group mb="xs" gap="xs" role="status">
          <Text size="sm">{t('selectedCount', { count: picked.length })}</Text>
          <Button size="compact-sm" variant="light" color="red" leftSection={<IconTrash size={14} />} onClick={() => void erase(picked)}>
            {t('delete')}
          </Button>
          <Button size="compact-sm" variant="subtle" color="gray" onClick={() => setChosen(new Set())}>
            {t('clearSelection')}
          </Button>
        </Group>
      )}
      <Table.ScrollContainer minWidth={500}>
        <Table highlightOnHover verticalSpacing={7} className="rows" aria-label={t('contentsOf', { bucket, prefix })}>
          <Table.Thead>
            <Table.Tr>
              <Table.Th w={36}>
                <Checkbox
                  size="xs"
                  aria-label={t('selectAll')}
                  checked={picked.length === names.length}
                  indeterminate={picked.length > 0 && picked.length < names.length}
                  onChange={() => setChosen(picked.length === names.length ? new Set() : new Set(names))}
                />
              </Table.Th>
              <Table.Th>{t('name')}</Table.Th>
              <Table.Th w={110}>{t('size')}</Table.Th>
              <Table.Th w={150}>{t('modified')}</Table.Th>
              <Table.Th w={48} aria-label={t('actions')} />
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody ref={body} onKeyDown={onKeyDown}>
            {names.map((name, index) => (
              <Row
                key={name}
                bucket={bucket}
                name={name}
                item={objects[index - folders.length]}
                first={index === 0}
                chosen={chosen.has(name)}
                toggle={() => toggle(name)}
                open={() => open(name)}
                link={() => setLinked(name)}
                erase={() => void erase([name])}
              />
            ))}
          </Table.Tbody>
        </Table>
      </Table.ScrollContainer>
    </>
  );
}

async function eraseAll(bucket: string, names: string[], folders: string[]): Promise<void> {
  const keys = names.filter((name) => !folders.includes(name));
  let count = 0;
  const problems: string[] = [];
  if (keys.length > 0) {
    const answer = await call('deleteObjects', { bucket, keys });
    count += answer.deleted.length;
    problems.push(...Object.values(answer.errors));
  }
  for (const folder of names.filter((name) => folders.includes(name))) count += await deleteFolder(bucket, folder);
  if (problems.length > 0) tellFailure(new Error(problems[0]));
  if (count > 0) tell(t('objectsDeleted', { count }));
}

interface RowProps {
  bucket: string;
  name: string;
  item: ObjectView | undefined; // none for a folder
  first: boolean;
  chosen: boolean;
  toggle: () => void;
  open: () => void;
  link: () => void;
  erase: () => void;
}

function Row({ bucket, name, item, first, chosen, toggle, open, link, erase }: RowProps) {
  return (
    <Table.Tr tabIndex={first ? 0 : -1} aria-selected={chosen} bg={chosen ? 'var(--mantine-primary-color-light)' : undefined} data-key={name}>
      <Table.Td>
        <Checkbox size="xs" tabIndex={-1} checked={chosen} onChange={toggle} aria-label={t('selectNamed', { name: lastPart(name) })} />
      </Table.Td>
      <Table.Td onClick={open} style={{ cursor: 'pointer' }}>
        <Group gap={10} wrap="nowrap">
          {item ? <KindIcon kind={kindOf(name)} /> : <IconFolder size={18} stroke={1.6} color="var(--mantine-color-amber-7)" />}
          <Text size="sm" fw={item ? 400 : 600} style={{ overflowWrap: 'anywhere' }}>
            {lastPart(name)}
          </Text>
        </Group>
      </Table.Td>
      <Table.Td style={{ whiteSpace: 'nowrap' }}>{item && formatBytes(item.size_bytes)}</Table.Td>
      <Table.Td>
        {item && (
          <Text size="sm" c="dimmed" title={formatTime(item.modified_us)} style={{ whiteSpace: 'nowrap' }}>
            {formatAgo(item.modified_us)}
          </Text>
        )}
      </Table.Td>
      <Table.Td>
        <Menu position="bottom-end">
          <Menu.Target>
            <ActionIcon variant="subtle" color="gray" aria-label={t('actionsFor', { name: lastPart(name) })}>
              <IconDots size={18} />
            </ActionIcon>
          </Menu.Target>
          <Menu.Dropdown>
            <Menu.Item leftSection={item ? <IconInfoCircle size={16} /> : <IconFolder size={16} />} onClick={open}>
              {item ? t('previewAndDetails') : t('openHome')}
            </Menu.Item>
            {item && (
              <>
                <Menu.Item component="a" href={objectUrl(bucket, name, '?download=true')} leftSection={<IconDownload size={16} />}>
                  {t('download')}
                </Menu.Item>
                <Menu.Item leftSection={<IconLink size={16} />} onClick={link}>
                  {t('shareByLink')}
                </Menu.Item>
              </>
            )}
            <Menu.Item color="red" leftSection={<IconTrash size={16} />} onClick={erase}>
              {t('delete')}
            </Menu.Item>
          </Menu.Dropdown>
        </Menu>
      </Table.Td>
    </Table.Tr>
  );
}

function KindIcon({ kind }: { kind: Kind }) {
  const icons = { image: IconPhoto, csv: IconTable, markdown: IconFileText, json: IconFileText, text: IconFileText, pdf: IconFileText, video: IconMovie, audio: IconMusic, other: IconFile };
  const Icon = icons[kind];
  return <Icon size={18} stroke={1.6} color="var(--mantine-color-dimmed)" style={{ flexShrink: 0 }} />;
}
