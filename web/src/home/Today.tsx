// What waits for a person today: messages, events, decisions and tasks; each leads to its page.
import { SimpleGrid } from '@mantine/core';
import { IconCalendar, IconChecklist, IconInbox, IconRubberStamp } from '@tabler/icons-react';

import { useCall } from '../api/call';
import { useUsable } from '../app/usable';
import { addDays, midnight, timeText } from '../calendar/days';
import { t } from '../i18n/text';
import { LOOK_EVERY_MS } from './pace';
import { Tile } from './Tiles';

const MS_US = 1000;

export function Today() {
  const isUsable = useUsable();
  const tiles = [isUsable('/chat') && <UnreadTile key="unread" />, isUsable('/calendar') && <EventsTile key="events" />, isUsable('/office') && <DecisionsTile key="decisions" />, isUsable('/office') && <TasksTile key="tasks" />].filter(Boolean);
  if (tiles.length === 0) return null;
  return (
    <SimpleGrid cols={{ base: 2, md: 4 }} spacing={{ base: 'xs', sm: 'md' }} role="group" aria-label={t('yourDay')}>
      {tiles}
    </SimpleGrid>
  );
}

function UnreadTile() {
  const { data, error } = useCall('getChatHome', {}, { every: LOOK_EVERY_MS * 2 });
  const waiting = data?.channels.filter((seat) => seat.unread > 0) ?? [];
  const unread = waiting.reduce((sum, seat) => sum + seat.unread, 0);
  return <Tile to="/chat/catch-up" label={t('unreadMessages')} icon={IconInbox} value={data && String(unread)} note={data && (unread > 0 ? t('inPlaces', { count: waiting.length }) : t('everythingRead'))} error={error} />;
}

function EventsTile() {
  const today = midnight(new Date());
  const span = { from_us: today.getTime() * MS_US, to_us: addDays(today, 1).getTime() * MS_US };
  const { data, error } = useCall('listEvents', span, { every: LOOK_EVERY_MS * 4 });
  const coming = data?.items.filter((item) => item.ends_us > Date.now() * MS_US && !item.cancelled) ?? [];
  const next = coming[0];
  return <Tile to="/calendar" label={t('eventsToday')} icon={IconCalendar} value={data && String(coming.length)} note={data && (next ? `${timeText(next)} ${next.title}` : t('nothingMoreToday'))} error={error} />;
}

function DecisionsTile() {
  const { data, error } = useCall('listApprovals', { box: 'waiting' }, { every: LOOK_EVERY_MS * 2 });
  const first = data?.items[0];
  return <Tile to="/office" label={t('forYouToDecide')} icon={IconRubberStamp} value={data && String(data.items.length)} note={data && (first ? first.title : t('nothingWaits'))} error={error} />;
}

function TasksTile() {
  const { data, error } = useCall('listTasks', {}, { every: LOOK_EVERY_MS * 2 });
  const first = data?.items[0];
  return <Tile to="/office/tasks" label={t('openTasks')} icon={IconChecklist} value={data && String(data.items.length)} note={data && (first ? first.title : t('allDone'))} error={error} />;
}
