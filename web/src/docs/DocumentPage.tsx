// One document: its text, who is here, whether it is saved; sharing, versions, comments.
import { ActionIcon, Alert, Badge, Button, Group, Menu, SegmentedControl, Text, TextInput, Tooltip } from '@mantine/core';
import { IconArrowLeft, IconDots } from '@tabler/icons-react';
import { useEffect, useMemo, useState } from 'react';
import { Link, useNavigate } from 'react-router';
import type { Awareness } from 'y-protocols/awareness';
import * as Y from 'yjs';

import { useCall, useChange } from '../api/call';
import type { DocumentView } from '../api/schema';
import { Markdown } from '../app/markdown';
import { Failed, Page, Surface, Waiting } from '../app/parts';
import { t, type TextKey } from '../i18n/text';
import { usePeople } from '../office/people';
import { Comments } from './Comments';
import { Editor } from './Editor';
import { DocumentSocket, type Phase } from './provider';
import { ShareDialog } from './ShareDialog';
import { VersionsDialog } from './VersionsDialog';

const SAID: Record<Phase, TextKey> = { connecting: 'connecting', saving: 'saving', saved: 'docSaved', offline: 'docOffline', refused: 'notSaved' };
const COLORS = ['#1971c2', '#2f9e44', '#e8590c', '#9c36b5', '#c2255c', '#0c8599', '#5f3dc4', '#e67700'];

export function DocumentPage({ id }: { id: string }) {
  const { data, error } = useCall('getDocument', { id });
  if (error !== null) return <Failed error={error} />;
  if (data === undefined) return <Waiting />;
  return <Open key={id} document={data} />;
}

function Open({ document }: { document: DocumentView }) {
  const { me, nameOf } = usePeople();
  const [phase, setPhase] = useState<{ phase: Phase; why: string }>({ phase: 'connecting', why: '' });
  const [view, setView] = useState('write');
  const [dialog, setDialog] = useState('');
  const [selected, setSelected] = useState('');
  const doc = useMemo(() => new Y.Doc(), []);
  const text = useMemo(() => doc.getText('content'), [doc]);
  const [socket, setSocket] = useState<DocumentSocket | null>(null);
  useEffect(() => {
    const made = new DocumentSocket(document.id, doc, (now, why = '') => setPhase({ phase: now, why }));
    setSocket(made);
    return () => made.close();
  }, [document.id, doc]);
  const name = me ? nameOf(me) : '';
  useEffect(() => {
    const color = COLORS[doc.clientID % COLORS.length]!;
    if (name) socket?.awareness.setLocalStateField('user', { id: me, name, color, colorLight: `${color}33` });
  }, [socket, name, me, doc]);
  const canEdit = document.role !== 'view' && phase.phase !== 'refused';
  return (
    <Page
      title={<TitleField document={document} canEdit={canEdit} />}
      about={
        <Group gap="xs" component="span">
          <Text size="sm" component="span" role="status" c={phase.phase === 'saved' ? 'dimmed' : 'orange'}>
            {t(SAID[phase.phase])}
          </Text>
          {socket && <Here awareness={socket.awareness} />}
        </Group>
      }
      actions={
        <Group gap="xs">
          <ActionIcon component={Link} to="/docs" variant="default" size="lg" aria-label={t('allDocuments')}>
            <IconArrowLeft size={18} />
          </ActionIcon>
          <SegmentedControl
            size="xs"
            value={view}
            onChange={setView}
            data={[
              { value: 'write', label: t('write') },
              { value: 'read', label: t('read') },
            ]}
          />
          <Button variant="light" onClick={() => setDialog('share')}>
            {t('share')}
          </Button>
          <More document={document} open={setDialog} />
        </Group>
      }
    >
      {phase.phase === 'refused' && <Alert color="red">{phase.why || t('mayNotEdit')}</Alert>}
      <Surface>
        {view === 'read' && <Preview text={text} />}
        <div hidden={view === 'read'}>{socket && <Editor text={text} awareness={socket.awareness} canEdit={canEdit} onSelect={setSelected} />}</div>
      </Surface>
      <Comments id={document.id} quote={selected} canEdit={canEdit} />
      {dialog === 'share' && <ShareDialog document={document} close={() => setDialog('')} />}
      {dialog === 'versions' && <VersionsDialog id={document.id} canEdit={canEdit} close={() => setDialog('')} />}
    </Page>
  );
}

function TitleField({ document, canEdit }: { document: DocumentView; canEdit: boolean }) {
  const rename = useChange('renameDocument', { reads: ['getDocument', 'listDocuments'] });
  const [title, setTitle] = useState(document.title);
  const keep = () => {
    if (title.trim() && title !== document.title) rename.mutate({ id: document.id, title });
  };
  if (!canEdit) return document.title;
  return <TextInput variant="unstyled" aria-label={t('title')} value={title} onChange={(event) => setTitle(event.currentTarget.value)} onBlur={keep} onKeyDown={(event) => event.key === 'Enter' && event.currentTarget.blur()} styles={{ input: { font: 'inherit', height: 'auto', minWidth: 240 } }} />;
}

function More({ document, open }: { document: DocumentView; open: (dialog: string) => void }) {
  const navigate = useNavigate();
  const remove = useChange('deleteDocument', { reads: ['listDocuments'], done: t('documentDeleted') });
  return (
    <Menu position="bottom-end">
      <Menu.Target>
        <ActionIcon variant="default" size="lg" aria-label={t('moreOfDocument')}>
          <IconDots size={18} />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Item onClick={() => open('versions')}>{t('versions')}</Menu.Item>
        <Menu.Item component="a" href={`/volano/v1/documents/${document.id}/markdown`} download>
          {t('exportMarkdown')}
        </Menu.Item>
        {document.role === 'own' && (
          <Menu.Item color="red" onClick={() => window.confirm(t('deleteDocument', { title: document.title })) && remove.mutate({ id: document.id }, { onSuccess: () => void navigate('/docs') })}>
            {t('delete')}
          </Menu.Item>
        )}
      </Menu.Dropdown>
    </Menu>
  );
}

interface Presence {
  user?: { id: string; name: string; color: string };
}

function Here({ awareness }: { awareness: Awareness }) {
  const [people, setPeople] = useState<[number, Presence][]>([]);
  useEffect(() => {
    const look = () => setPeople([...awareness.getStates()] as [number, Presence][]);
    awareness.on('change', look);
    look();
    return () => awareness.off('change', look);
  }, [awareness]);
  const others = people.filter(([client, state]) => client !== awareness.clientID && state.user);
  return (
    <>
      {others.map(([client, { user }]) => (
        <Tooltip key={client} label={t('personIsHere', { name: user!.name })}>
          <Badge size="sm" variant="outline" color="gray" style={{ borderColor: user!.color }}>
            {user!.name}
          </Badge>
        </Tooltip>
      ))}
    </>
  );
}

function Preview({ text }: { text: Y.Text }) {
  const [shown, setShown] = useState(text.toString());
  useEffect(() => {
    const look = () => setShown(text.toString());
    text.observe(look);
    return () => text.unobserve(look);
  }, [text]);
  return shown ? <Markdown text={shown} /> : <Text c="dimmed">{t('nothingWrittenYet')}</Text>;
}
