// The minutes of a meeting from its transcript: pasted, or a file of a meeting program.
import { Button, FileButton, Group, List, Stack, Text, Textarea, Title } from '@mantine/core';
import { IconFileUpload } from '@tabler/icons-react';
import { useMutation } from '@tanstack/react-query';
import { useState } from 'react';

import { Copy, Surface, tellFailure } from '../app/parts';
import { ItemsForm } from '../chat/writing/ItemsForm';
import { takeNotes, type Notes } from '../chat/writing/writing';
import { Origin } from '../chat/writing/WritingView';
import { getLanguage, t } from '../i18n/text';
import { usePeople } from '../office/people';

export function MeetingNotes() {
  const [transcript, setTranscript] = useState('');
  const taking = useMutation({ mutationFn: () => takeNotes(transcript, getLanguage()), onError: tellFailure });
  const read = (file: File | null) => void file?.text().then(setTranscript).catch(tellFailure);
  return (
    <Stack>
      <Surface title={t('transcript')}>
        <Stack gap="sm">
          <Textarea
            label={t('whatWasSaid')}
            description={t('transcriptAbout')}
            autosize
            minRows={6}
            maxRows={16}
            value={transcript}
            onChange={(event) => setTranscript(event.currentTarget.value)}
          />
          <Group justify="space-between">
            <FileButton accept=".txt,.md,.vtt,.srt" onChange={read}>
              {(props) => (
                <Button variant="default" leftSection={<IconFileUpload size={16} />} {...props}>
                  {t('openFile')}
                </Button>
              )}
            </FileButton>
            <Button disabled={transcript.trim() === ''} loading={taking.isPending} onClick={() => taking.mutate()}>
              {t('takeNotes')}
            </Button>
          </Group>
        </Stack>
      </Surface>
      {taking.data && <Minutes key={taking.submittedAt} notes={taking.data} />}
    </Stack>
  );
}

const SECTIONS = [
  ['points', 'notePoints'],
  ['decisions', 'noteDecisions'],
  ['questions', 'noteQuestions'],
] as const;

function asText(notes: Notes): string {
  const sections = SECTIONS.filter(([key]) => notes[key].length > 0).map(([key, title]) => [t(title), ...notes[key].map((line) => `- ${line}`)].join('\n'));
  const items = notes.items.map((item) => `- ${item.title}${item.assignee ? ` (${item.assignee})` : ''}`);
  return [...sections, ...(items.length > 0 ? [[t('toDo'), ...items].join('\n')] : [])].join('\n\n');
}

function Minutes({ notes }: { notes: Notes }) {
  const { people } = usePeople();
  const speakers = Object.entries(notes.speakers);
  return (
    <Surface title={t('notes')} aside={<Copy value={asText(notes)} label={t('copyNotes')} />}>
      <Stack gap="md">
        <Origin model={notes.model} missing={notes.missing} />
        {speakers.length > 0 && (
          <Text size="sm" c="dimmed">
            {speakers.map(([name, count]) => `${name} (${count})`).join(', ')}
          </Text>
        )}
        {SECTIONS.filter(([key]) => notes[key].length > 0).map(([key, title]) => (
          <section key={key}>
            <Title order={3} fz={15} mb={4}>
              {t(title)}
            </Title>
            <List size="sm">
              {notes[key].map((line) => (
                <List.Item key={line}>{line}</List.Item>
              ))}
            </List>
          </section>
        ))}
        {notes.items.length > 0 && (
          <section>
            <Title order={3} fz={15} mb={4}>
              {t('toDo')}
            </Title>
            <ItemsForm items={notes.items} people={people.map((person) => ({ value: person.id, label: person.name }))} />
          </section>
        )}
      </Stack>
    </Surface>
  );
}
