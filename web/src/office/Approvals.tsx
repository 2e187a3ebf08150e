// Lists of approvals, and one of them with its way and history.
import { Badge, Button, Group, Modal, Select, SimpleGrid, Stack, Stepper, Table, Text, Textarea } from '@mantine/core';
import { IconRubberStamp } from '@tabler/icons-react';
import { useState } from 'react';
import { Link } from 'react-router';

import { useCall, useChange, type Operation } from '../api/call';
import type { ApprovalDetails, ApprovalView } from '../api/schema';
import { formatAgo } from '../app/format';
import { Empty, Failed, Surface, Waiting } from '../app/parts';
import { Say, t, type TextKey } from '../i18n/text';
import { Attachments } from './Attachments';
import { FillDialog } from './FillDialog';
import { decidersOf, usePeople } from './people';
import { ready } from './ready';

const COLORS: Record<string, string> = { running: 'yellow', approved: 'teal', rejected: 'red', returned: 'orange', withdrawn: 'gray' };
const STATES: Record<string, TextKey> = { running: 'stateOnItsWay', approved: 'stateApproved', rejected: 'stateRejected', returned: 'stateReturned', withdrawn: 'stateWithdrawn' };
const NOTES: Record<string, TextKey> = { sent: 'noteSent', approved: 'noteApproved', rejected: 'noteRejected', returned: 'noteReturned', delegated: 'noteDelegated', urged: 'noteUrged', commented: 'noteCommented', withdrawn: 'noteWithdrawn' };
const NOTHING = { waiting: 'noneWaiting', sent: 'noneSent', decided: 'noneDecided' } as const;
const READS: Operation[] = ['listApprovals', 'getApproval'];

export function Box({ box }: { box: 'waiting' | 'sent' | 'decided' }) {
  const { data, error, isPending } = useCall('listApprovals', { box }, { every: 10_000 });
  const { nameOf } = usePeople();
  const [opened, setOpened] = useState('');
  if (isPending) return <Waiting />;
  if (error !== null) return <Failed error={error} />;
  return (
    <Surface>
      {opened && <ApprovalDialog id={opened} onClose={() => setOpened('')} />}
      {data.items.length === 0 ? (
        <Empty
          icon={<IconRubberStamp size={28} />}
          title={t(NOTHING[box])}
          action={
            <Button variant="light" component={Link} to="/office/forms">
              {t('askForSomething')}
            </Button>
          }
        >
          {t('approvalsAbout')}
        </Empty>
      ) : (
        <Table.ScrollContainer minWidth={480}>
          <Table verticalSpacing={8} highlightOnHover>
            <Table.Tbody>
              {data.items.map((item) => (
                <Table.Tr key={item.id}>
                  <Table.Td>
                    <Text size="sm" fw={600}>
                      {ready(item.title)}
                    </Text>
                    <Text size="xs" c="dimmed" lineClamp={1}>
                      {summaryOf(item)}
                    </Text>
                  </Table.Td>
                  <Table.Td>
                    <Text size="sm">{nameOf(item.asker)}</Text>
                  </Table.Td>
                  <Table.Td>
                    <StateBadge state={item.state} />
                  </Table.Td>
                  <Table.Td>
                    <Text size="sm">{formatAgo(item.updated_us)}</Text>
                  </Table.Td>
                  <Table.Td ta="right">
                    <Button size="compact-sm" variant="light" onClick={() => setOpened(item.id)}>
                      {t(box === 'waiting' ? 'decide' : 'openIt')}
                    </Button>
                  </Table.Td>
                </Table.Tr>
              ))}
            </Table.Tbody>
          </Table>
        </Table.ScrollContainer>
      )}
    </Surface>
  );
}

function summaryOf(item: ApprovalView): string {
  return item.fields
    .filter((field) => item.values[field.name] && field.kind !== 'files')
    .slice(0, 3)
    .map((field) => `${ready(field.label)}: ${ready(item.values[field.name] ?? '')}`)
    .join(', ');
}

function StateBadge({ state }: { state: string }) {
  return (
    <Badge variant="light" color={COLORS[state] ?? 'gray'} tt="none">
      {STATES[state] ? t(STATES[state]) : state}
    </Badge>
  );
}

function ApprovalDialog({ id, onClose }: { id: string; onClose: () => void }) {
  const { data, error, isPending } = useCall('getApproval', { id });
  return (
    <Modal opened onClose={onClose} title={data ? ready(data.title) : t('approval')} size="lg">
      {isPending && <Waiting />}
      {error !== null && <Failed error={error} />}
      {data && <Details item={data} />}
    </Modal>
  );
}

function Details({ item }: { item: ApprovalDetails }) {
  const { me, nameOf } = usePeople();
  const mine = item.turns.some((turn) => turn.user === me && turn.waiting);
  return (
    <Stack>
      <Group>
        <StateBadge state={item.state} />
        <Text size="sm" c="dimmed">
          {t('whoAndWhen', { name: nameOf(item.asker), time: formatAgo(item.created_us) })}
        </Text>
      </Group>
      <SimpleGrid cols={{ base: 1, sm: 2 }} spacing="xs">
        {item.fields
          .filter((field) => item.values[field.name])
          .map((field) => (
            <div key={field.name}>
              <Text size="xs" c="dimmed">
                {ready(field.label)}
              </Text>
              {field.kind === 'files' ? (
                <Attachments value={item.values[field.name] ?? ''} />
              ) : (
                <Text size="sm" style={{ whiteSpace: 'pre-wrap' }}>
                  {ready(item.values[field.name] ?? '')}
                </Text>
              )}
            </div>
          ))}
      </SimpleGrid>
      <Stepper size="sm" active={item.state === 'approved' ? item.steps.length : item.step} color={item.state === 'rejected' ? 'red' : undefined}>
        {item.steps.map((step, number) => (
          <Stepper.Step key={number} label={decidersOf(step, nameOf)} />
        ))}
      </Stepper>
      <Stack gap={4}>
        {item.notes.map((note, number) => (
          <Text size="sm" key={number}>
            <Say text={NOTES[note.kind] ?? 'noteCommented'} values={{ name: <b>{nameOf(note.user)}</b>, other: nameOf(note.other), time: formatAgo(note.created_us) }} />
            {note.text && <>: {note.text}</>}
          </Text>
        ))}
      </Stack>
      {mine && item.state === 'running' && <Decision item={item} />}
      {item.asker === me && <Own item={item} />}
    </Stack>
  );
}

function Decision({ item }: { item: ApprovalDetails }) {
  const { me, people } = usePeople();
  const [text, setText] = useState('');
  const [other, setOther] = useState<string | null>(null);
  const approve = useChange('approveApproval', { reads: READS, done: t('youApproved') });
  const reject = useChange('rejectApproval', { reads: READS, done: t('youRejected') });
  const giveBack = useChange('returnApproval', { reads: READS, done: t('itIsReturned') });
  const delegate = useChange('delegateApproval', { reads: READS, done: t('itIsDelegated') });
  const others = people.filter((person) => person.id !== me && person.id !== item.asker).map((person) => ({ value: person.id, label: person.name }));
  return (
    <Stack gap="xs">
      <Textarea label={t('remark')} autosize minRows={2} value={text} onChange={(event) => setText(event.currentTarget.value)} />
      <Group>
        <Button loading={approve.isPending} onClick={() => approve.mutate({ id: item.id, text })}>
          {t('approve')}
        </Button>
        <Button variant="default" onClick={() => giveBack.mutate({ id: item.id, text })}>
          {t('giveBack')}
        </Button>
        <Button variant="light" color="red" onClick={() => reject.mutate({ id: item.id, text })}>
          {t('reject')}
        </Button>
      </Group>
      <Group align="flex-end">
        <Select label={t('letOtherDecide')} data={others} searchable value={other} onChange={setOther} />
        <Button variant="default" disabled={other === null} onClick={() => other && delegate.mutate({ id: item.id, user: other, text })}>
          {t('delegate')}
        </Button>
      </Group>
    </Stack>
  );
}

function Own({ item }: { item: ApprovalDetails }) {
  const [changing, setChanging] = useState(false);
  const urge = useChange('urgeApproval', { reads: READS, done: t('theyAreReminded') });
  const withdraw = useChange('withdrawApproval', { reads: READS, done: t('itIsWithdrawn') });
  const form = { id: item.form, title: item.title, fields: item.fields };
  return (
    <Group>
      {changing && <FillDialog form={form} again={item} onClose={() => setChanging(false)} />}
      {item.state === 'returned' && <Button onClick={() => setChanging(true)}>{t('changeAndSend')}</Button>}
      {item.state === 'running' && (
        <Button variant="default" onClick={() => urge.mutate({ id: item.id })}>
          {t('remindThem')}
        </Button>
      )}
      {(item.state === 'running' || item.state === 'returned') && (
        <Button variant="light" color="red" onClick={() => withdraw.mutate({ id: item.id })}>
          {t('withdraw')}
        </Button>
      )}
    </Group>
  );
}
