// Documents: those that one may see, by title and words, and one of them.
import { Anchor, Button, Stack, Table, Text, TextInput } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { IconFileText, IconPlus } from '@tabler/icons-react';
import { useState } from 'react';
import { Link, useLocation, useNavigate } from 'react-router';

import { useCall, useChange } from '../api/call';
import { formatAgo } from '../app/format';
import { Empty, Failed, Page, Surface, Waiting } from '../app/parts';
import { t, type TextKey } from '../i18n/text';
import { usePeople } from '../office/people';
import { DocumentPage } from './DocumentPage';

const EVERY_MS = 15_000;
const TYPING_MS = 250;
const ROLES: Record<string, TextKey> = { edit: 'sharedToEdit', view: 'sharedToRead' };

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
      title={t('documents')}
      about={t('documentsAbout')}
      actions={
        <Button leftSection={<IconPlus size={16} />} loading={create.isPending} onClick={() => create.mutate({ title: t('untitled') }, { onSuccess: (made) => void navigate(`/docs/${made.id}`) })}>
          {t('newDocument')}
        </Button>
      }
    >
      <Stack>
        <TextInput aria-label={t('findDocuments')} placeholder={t('findDocumentsBy')} value={typed} onChange={(event) => setTyped(event.currentTarget.value)} />
        <Surface>
          {isPending && <Waiting />}
          {error !== null && <Failed error={error} />}
          {data?.items.length === 0 && (
            <Empty icon={<IconFileText size={28} />} title={t(words ? 'nothingIsFound' : 'noDocuments')}>
              {t(words ? 'tryOtherWords' : 'noDocumentsAbout')}
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
                      {t(ROLES[item.role] ?? 'docYours', { name: nameOf(item.owner) })}
                    </Text>
                  </Table.Td>
                  <Table.Td ta="right">
                    <Text size="sm" c="dimmed">
                      {t('whoAndWhen', { name: nameOf(item.editor), time: formatAgo(item.edited_us) })}
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
