// Documents: those that one may see, by title and words, and one of them.
import { Anchor, Button, Stack, Table, Text, TextInput } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { IconFileText, IconPlus } from '@tabler/icons-react';
import { useState } from 'react';
import { Link, useLocation, useNavigate } from 'react-router';

import { useCall, useChange } from '../api/call';
import { formatAgo } from '../app/format';
import { Empty, Failed, Page, Surface, Waiting } from '../app/parts';
import { usePeople } from '../office/people';
import { DocumentPage } from './DocumentPage';

const EVERY_MS = 15_000;
const TYPING_MS = 250;
const ROLES: Record<string, string> = { own: 'yours', edit: 'shared, you may edit', view: 'shared, you may read' };

export default function Docs() {
  const id = useLocation().pathname.split('/')[2] ?? '';
  return id ? <DocumentPage id={id} /> : <List />;
}

function List() {
  const navigate = useNavigate();
  const { nameOf } = usePeople();
  const [typed, setTyped] = useState('');
  const [words] = useDebouncedValue(typed, TYPING_MS);
  const { data, error, isPending } = useCall('listDocuments', { words }, { every: EVERY_MS, keep: true });
  const create = useChange('createDocument', { reads: ['listDocuments'] });
  return (
    <Page
      title="Documents"
      about="Texts that several people write at once; share them with people or channels."
      actions={
        <Button leftSection={<IconPlus size={16} />} loading={create.isPending} onClick={() => create.mutate({ title: 'Untitled' }, { onSuccess: (made) => void navigate(`/docs/${made.id}`) })}>
          New document
        </Button>
      }
    >
      <Stack>
        <TextInput aria-label="Find documents" placeholder="Find by words of the title or the text" value={typed} onChange={(event) => setTyped(event.currentTarget.value)} />
        <Surface>
          {isPending && <Waiting />}
          {error !== null && <Failed error={error} />}
          {data?.items.length === 0 && (
            <Empty icon={<IconFileText size={28} />} title={words ? 'Nothing is found' : 'No documents yet'}>
              {words ? 'Try fewer or other words.' : 'Make one, or ask somebody to share theirs with you.'}
            </Empty>
          )}
          <Table verticalSpacing={8} highlightOnHover>
            <Table.Tbody>
              {data?.items.map((item) => (
                <Table.Tr key={item.id}>
                  <Table.Td>
                    <Anchor component={Link} to={`/docs/${item.id}`}>
                      {item.title}
                    </Anchor>
                    <Text size="xs" c="dimmed">
                      {item.role === 'own' ? ROLES.own : `${nameOf(item.owner)}, ${ROLES[item.role]}`}
                    </Text>
                  </Table.Td>
                  <Table.Td ta="right">
                    <Text size="sm" c="dimmed">
                      {nameOf(item.editor)}, {formatAgo(item.edited_us)}
                    </Text>
                  </Table.Td>
                </Table.Tr>
              ))}
            </Table.Tbody>
          </Table>
        </Surface>
      </Stack>
    </Page>
  );
}
