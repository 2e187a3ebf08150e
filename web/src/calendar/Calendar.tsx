// The calendar: a week or a month, a list on a phone; files in and out, programs by CalDAV.
import { ActionIcon, Button, FileButton, Group, Menu, Modal, SegmentedControl, Stack, Text } from '@mantine/core';
import { useMediaQuery } from '@mantine/hooks';
import { IconChevronLeft, IconChevronRight, IconDots, IconPlus } from '@tabler/icons-react';
import { useState } from 'react';
import { Link } from 'react-router';

import { useCall, useChange } from '../api/call';
import type { OccurrenceView } from '../api/schema';
import { Copy, Failed, Page, Surface, tell, tellFailure } from '../app/parts';
import { writeDate } from '../i18n/dates';
import { Say, t } from '../i18n/text';
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
      title={t('calendar')}
      about={t('calendarAbout')}
      actions={
        <Group gap="xs">
          <Button leftSection={<IconPlus size={16} />} onClick={() => setAdding(new Date(midnight(new Date()).getTime() + NINE_MS))}>
            {t('newEvent')}
          </Button>
          <More connect={() => setConnecting(true)} />
        </Group>
      }
    >
      <Surface
        title={writeDate(at, { month: 'long', year: 'numeric' })}
        aside={
          <Group gap="xs">
            <ActionIcon variant="default" aria-label={t('earlier')} onClick={() => move(-1)}>
              <IconChevronLeft size={16} />
            </ActionIcon>
            <Button size="compact-sm" variant="default" onClick={() => setAt(midnight(new Date()))}>
              {t('today')}
            </Button>
            <ActionIcon variant="default" aria-label={t('goLater')} onClick={() => move(1)}>
              <IconChevronRight size={16} />
            </ActionIcon>
            <SegmentedControl
              size="xs"
              value={view}
              onChange={choose}
              aria-label={t('view')}
              data={[
                { value: 'week', label: t('week') },
                { value: 'month', label: t('month') },
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
        <Modal opened onClose={() => setAdding(null)} title={t('newEvent')} size="lg">
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
      { onSuccess: (done) => tell([t('eventsImported', { added: done.added, changed: done.changed }), done.refused.length > 0 && t('eventsRefused', { count: done.refused.length })].filter(Boolean).join(' ')) },
    );
  };
  return (
    <FileButton accept=".ics,text/calendar" onChange={(file) => void read(file).catch(tellFailure)}>
      {({ onClick }) => (
        <Menu position="bottom-end">
          <Menu.Target>
            <ActionIcon variant="default" size="lg" aria-label={t('moreOfCalendar')}>
              <IconDots size={18} />
            </ActionIcon>
          </Menu.Target>
          <Menu.Dropdown>
            <Menu.Item onClick={connect}>{t('useCalendarProgram')}</Menu.Item>
            <Menu.Item onClick={onClick}>{t('importIcs')}</Menu.Item>
            <Menu.Item component="a" href="/volano/v1/calendar/export" download>
              {t('exportIcs')}
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
    <Modal opened onClose={close} title={t('useCalendarProgram')}>
      <Stack>
        <Text size="sm">{t('calDavAbout')}</Text>
        <Group gap="xs">
          <Text size="sm" ff="monospace">
            {url}
          </Text>
          <Copy value={url} label={t('copyAddress')} />
        </Group>
        <Text size="sm">
          <Say text="calDavPassword" values={{ keys: <Link to="/people/keys">{t('myKeys')}</Link> }} />
        </Text>
      </Stack>
    </Modal>
  );
}
