// Lists of approvals, and one of them with its way and history.
import { Badge, Button, Group, Modal, Select, SimpleGrid, Stack, Stepper, Table, Text, Textarea } from '@mantine/core';
import { IconRubberStamp } from '@tabler/icons-react';
import { useState } from 'react';

import { useCall, useChange, type Operation } from '../api/call';
import type { ApprovalDetails, ApprovalView } from '../api/schema';
import { formatAgo } from '../app/format';
import { Empty, Failed, Surface, Waiting } from '../app/parts';
import { FillDialog } from './FillDialog';
import { usePeople } from './people';

const COLORS: Record<string, string> = { running: 'yellow', approved: 'teal', rejected: 'red', returned: 'orange', withdrawn: 'gray' };
const NOTHING = {
  waiting: 'Nothing waits for your decision.',
  sent: 'You have not asked for anything yet.',
  decided: 'You have not decided anything yet.',
};
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
        <Empty icon={<IconRubberStamp size={28} />} title={NOTHING[box]}>
          Leave and expenses are ready to be asked for; administrators can make other forms.
        </Empty>
      ) : (
        <Table.ScrollContainer minWidth={480}>
          <Table verticalSpacing={8} highlightOnHover>
            <Table.Tbody>
              {data.items.map((item) => (
                <Table.Tr key={item.id}>
                  <Table.Td>
                    <Text size="sm" fw={600}>
                      {item.title}
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
                      {box === 'waiting' ? 'Decide' : 'Open'}
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
    .filter((field) => item.values[field.name])
    .slice(0, 3)
    .map((field) => `${field.label}: ${item.values[field.name]}`)
    .join(', ');
}

function StateBadge({ state }: { state: string }) {
  return (
    <Badge variant="light" color={COLORS[state] ?? 'gray'} tt="none">
      {state === 'running' ? 'on its way' : state}
    </Badge>
  );
}

function ApprovalDialog({ id, onClose }: { id: string; onClose: () => void }) {
  const { data, error, isPending } = useCall('getApproval', { id });
  return (
    <Modal opened onClose={onClose} title={data?.title ?? 'Approval'} size="lg">
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
          {nameOf(item.asker)}, {formatAgo(item.created_us)}
        </Text>
      </Group>
      <SimpleGrid cols={{ base: 1, sm: 2 }} spacing="xs">
        {item.fields
          .filter((field) => item.values[field.name])
          .map((field) => (
            <div key={field.name}>
              <Text size="xs" c="dimmed">
                {field.label}
              </Text>
              <Text size="sm" style={{ whiteSpace: 'pre-wrap' }}>
                {item.values[field.name]}
              </Text>
            </div>
          ))}
      </SimpleGrid>
      <Stepper size="sm" active={item.state === 'approved' ? item.steps.length : item.step} color={item.state === 'rejected' ? 'red' : undefined}>
        {item.steps.map((step, number) => (
          <Stepper.Step key={number} label={(step.people ?? []).map(nameOf).join(step.everyone ? ' and ' : ' or ')} />
        ))}
      </Stepper>
      <Stack gap={4}>
        {item.notes.map((note, number) => (
          <Text size="sm" key={number}>
            <b>{nameOf(note.user)}</b> {note.kind}
            {note.other && ` to ${nameOf(note.other)}`} {formatAgo(note.created_us)}
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
  const approve = useChange('approveApproval', { reads: READS, done: 'You approved it' });
  const reject = useChange('rejectApproval', { reads: READS, done: 'You rejected it' });
  const giveBack = useChange('returnApproval', { reads: READS, done: 'It is returned' });
  const delegate = useChange('delegateApproval', { reads: READS, done: 'It is delegated' });
  const others = people.filter((person) => person.id !== me && person.id !== item.asker).map((person) => ({ value: person.id, label: person.name }));
  return (
    <Stack gap="xs">
      <Textarea label="Remark" autosize minRows={2} value={text} onChange={(event) => setText(event.currentTarget.value)} />
      <Group>
        <Button loading={approve.isPending} onClick={() => approve.mutate({ id: item.id, text })}>
          Approve
        </Button>
        <Button variant="default" onClick={() => giveBack.mutate({ id: item.id, text })}>
          Return
        </Button>
        <Button variant="light" color="red" onClick={() => reject.mutate({ id: item.id, text })}>
          Reject
        </Button>
      </Group>
      <Group align="flex-end">
        <Select label="Let somebody else decide" data={others} searchable value={other} onChange={setOther} />
        <Button variant="default" disabled={other === null} onClick={() => other && delegate.mutate({ id: item.id, user: other, text })}>
          Delegate
        </Button>
      </Group>
    </Stack>
  );
}

function Own({ item }: { item: ApprovalDetails }) {
  const [changing, setChanging] = useState(false);
  const urge = useChange('urgeApproval', { reads: READS, done: 'They are reminded' });
  const withdraw = useChange('withdrawApproval', { reads: READS, done: 'It is withdrawn' });
  const form = { id: item.form, title: item.title, fields: item.fields };
  return (
    <Group>
      {changing && <FillDialog form={form} again={item} onClose={() => setChanging(false)} />}
      {item.state === 'returned' && <Button onClick={() => setChanging(true)}>Change and send again</Button>}
      {item.state === 'running' && (
        <Button variant="default" onClick={() => urge.mutate({ id: item.id })}>
          Remind them
        </Button>
      )}
      {(item.state === 'running' || item.state === 'returned') && (
        <Button variant="light" color="red" onClick={() => withdraw.mutate({ id: item.id })}>
          Withdraw
        </Button>
      )}
    </Group>
  );
}
