// The calendar: a week or a month, a list on a phone; files in and out, programs by CalDAV.
import { ActionIcon, Button, FileButton, Group, Menu, Modal, SegmentedControl, Stack, Text } from '@mantine/core';
import { useMediaQuery } from '@mantine/hooks';
import { IconChevronLeft, IconChevronRight, IconDots, IconPlus } from '@tabler/icons-react';
import { useState } from 'react';
import { Link } from 'react-router';

import { useCall, useChange } from '../api/call';
import type { OccurrenceView } from '../api/schema';
import { Copy, Failed, Page, Surface, tell, tellFailure } from '../app/parts';
import { addDays, midnight, monthOf, weekOf } from './days';
import { EventDialog } from './EventDialog';
import { EventForm, READS } from './EventForm';
import { Agenda, Month, Week } from './Views';

const EVERY_MS = 30_000;
const KEPT = 'volano.calendar.view';
const NINE_MS = 9 * 3_600_000;

export default function Calendar() {
  const [at, setAt] = useState(() => midnight(new Date()));
  const [view, setView] = useState(localStorage.getItem(KEPT) ?? 'week');
  const isPhone = useMediaQuery('(max-width: 48em)') ?? false;
  const [opened, setOpened] = useState<OccurrenceView | null>(null);
  const [adding, setAdding] = useState<Date | null>(null);
  const [connecting, setConnecting] = useState(false);
  const days = view === 'month' ? monthOf(at) : weekOf(at);
  const range = { from_us: days[0]!.getTime() * 1000, to_us: addDays(days.at(-1)!, 1).getTime() * 1000 };
  const { data, error } = useCall('listEvents', range, { every: EVERY_MS, keep: true });
  const move = (step: number) => setAt(view === 'month' ? new Date(at.getFullYear(), at.getMonth() + step, 1) : addDays(at, step * 7));
  const choose = (value: string) => {
    localStorage.setItem(KEPT, value);
    setView(value);
  };
  const items = data?.items ?? [];
  const shown = { days, items, open: setOpened };
  return (
    <Page
      title="Calendar"
      about="Events, invitations and free times; guests answer here or on the card in the chat."
      actions={
        <Group gap="xs">
          <Button leftSection={<IconPlus size={16} />} onClick={() => setAdding(new Date(midnight(new Date()).getTime() + NINE_MS))}>
            New event
          </Button>
          <More connect={() => setConnecting(true)} />
        </Group>
      }
    >
      <Surface
        title={at.toLocaleDateString(undefined, { month: 'long', year: 'numeric' })}
        aside={
          <Group gap="xs">
            <ActionIcon variant="default" aria-label="Earlier" onClick={() => move(-1)}>
              <IconChevronLeft size={16} />
            </ActionIcon>
            <Button size="compact-sm" variant="default" onClick={() => setAt(midnight(new Date()))}>
              Today
            </Button>
            <ActionIcon variant="default" aria-label="Later" onClick={() => move(1)}>
              <IconChevronRight size={16} />
            </ActionIcon>
            <SegmentedControl
              size="xs"
              value={view}
              onChange={choose}
              aria-label="View"
              data={[
                { value: 'week', label: 'Week' },
                { value: 'month', label: 'Month' },
              ]}
            />
          </Group>
        }
      >
        {error !== null && <Failed error={error} />}
        {isPhone && <Agenda {...shown} />}
        {!isPhone && view === 'week' && <Week {...shown} add={setAdding} />}
        {!isPhone && view === 'month' && <Month {...shown} add={setAdding} month={at.getMonth()} />}
      </Surface>
      {opened && <EventDialog item={opened} close={() => setOpened(null)} />}
      {adding && (
        <Modal opened onClose={() => setAdding(null)} title="New event" size="lg">
          <EventForm start={adding} close={() => setAdding(null)} />
        </Modal>
      )}
      {connecting && <Connect close={() => setConnecting(false)} />}
    </Page>
  );
}

function More({ connect }: { connect: () => void }) {
  const take = useChange('importEvents', { reads: READS });
  const read = async (file: File | null) => {
    if (file === null) return;
    const ics = await file.text();
    take.mutate(
      { ics },
      { onSuccess: (done) => tell(`${done.added} events were added, ${done.changed} changed${done.refused.length ? `, ${done.refused.length} could not be read` : ''}.`) },
    );
  };
  return (
    <FileButton accept=".ics,text/calendar" onChange={(file) => void read(file).catch(tellFailure)}>
      {({ onClick }) => (
        <Menu position="bottom-end">
          <Menu.Target>
            <ActionIcon variant="default" size="lg" aria-label="More of the calendar">
              <IconDots size={18} />
            </ActionIcon>
          </Menu.Target>
          <Menu.Dropdown>
            <Menu.Item onClick={connect}>Use a calendar program</Menu.Item>
            <Menu.Item onClick={onClick}>Import a file (.ics)</Menu.Item>
            <Menu.Item component="a" href="/volano/v1/calendar/export" download>
              Export as a file (.ics)
            </Menu.Item>
          </Menu.Dropdown>
        </Menu>
      )}
    </FileButton>
  );
}

function Connect({ close }: { close: () => void }) {
  const url = `${window.location.origin}/dav/`;
  return (
    <Modal opened onClose={close} title="Use a calendar program">
      <Stack>
        <Text size="sm">Thunderbird, Apple Calendar, DAVx5 and others show this calendar and your tasks by CalDAV. They ask for an address, a user name and a password.</Text>
        <Group gap="xs">
          <Text size="sm" ff="monospace">
            {url}
          </Text>
          <Copy value={url} label="Copy the address" />
        </Group>
        <Text size="sm">
          The user name may be anything. The password is an API key of yours: make one under <Link to="/people/keys">My keys</Link>, one for each program, and delete it there to shut the program out.
        </Text>
      </Stack>
    </Modal>
  );
}
