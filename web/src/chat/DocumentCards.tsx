// Shared documents that a message links to: title and who may read them. Each is asked for as the reader, so
// that whoever may not read a document sees no more of it than its address.
import { Anchor, Group, Text, ThemeIcon } from '@mantine/core';
import { IconFileText } from '@tabler/icons-react';
import { Link } from 'react-router';

import { useCall } from '../api/call';
import { writeList } from '../i18n/dates';
import { t } from '../i18n/text';
import classes from './chat.module.css';
import { nameOf, useWorkplace } from './context';

const MAX_CARDS = 3;
const MAX_NAMES = 4;
const ADDRESS = /https?:\/\/[^\s<>|]+/g;

function documentsIn(text: string): string[] {
  const paths = (text.match(ADDRESS) ?? []).filter((address) => URL.canParse(address)).map((address) => new URL(address));
  const found = paths.flatMap(({ origin, pathname }) => (origin === location.origin ? (/^\/docs\/(doc_\w+)$/.exec(pathname)?.[1] ?? []) : []));
  return [...new Set(found)].slice(0, MAX_CARDS);
}

export function DocumentCards({ text }: { text: string }) {
  return documentsIn(text).map((id) => <DocumentCard key={id} id={id} />);
}

function DocumentCard({ id }: { id: string }) {
  const { data: document } = useCall('getDocument', { id });
  const { data: shares } = useCall('listDocumentShares', { id }, { enabled: document !== undefined });
  const { users, home } = useWorkplace();
  if (document === undefined) return null;
  const channelOf = (target: string) => home.channels.find((seat) => seat.channel.id === target)?.channel.name;
  const titleOf = (target: string) => (users.has(target) ? nameOf(users.get(target)) : channelOf(target) ? `#${channelOf(target)}` : t('privateChannel'));
  const readers = [document.owner, ...(shares?.items ?? []).map((item) => item.target)];
  const shown = readers.slice(0, MAX_NAMES).map(titleOf);
  const more = readers.length - shown.length;
  return (
    <Group className={classes.file} wrap="nowrap" gap="sm" mt={4} role="group" aria-label={t('documentNamed', { title: document.title })}>
      <ThemeIcon variant="light" size={38}>
        <IconFileText size={20} />
      </ThemeIcon>
      <div style={{ minWidth: 0 }}>
        <Anchor component={Link} to={`/docs/${id}`} size="sm" fw={600} truncate display="block">
          {document.title}
        </Anchor>
        {shares && (
          <Text size="xs" c="dimmed">
            {t('whoMayRead', { names: writeList(more > 0 ? [...shown, t('moreCount', { count: more })] : shown) })}
          </Text>
        )}
      </div>
    </Group>
  );
}
