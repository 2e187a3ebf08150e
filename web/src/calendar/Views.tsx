// A week by hours, a month by days, and both as a list on a phone.
import { Group, Stack, Text, UnstyledButton } from '@mantine/core';
import { useEffect, useRef } from 'react';

import type { OccurrenceView } from '../api/schema';
import { writeDate } from '../i18n/dates';
import { t } from '../i18n/text';
import classes from './calendar.module.css';
import { addDays, dayText, endOf, isOn, lanesOf, midnight, startOf } from './days';
import { EventButton, type Opens } from './EventButton';

interface Props {
  days: Date[];
  items: OccurrenceView[];
  open: Opens;
  add: (day: Date) => void;
}

const HOUR_PX = 48;
const MORNING = 7;
const LEAST_MS = 30 * 60_000;
const TWO_LINES_MS = 45 * 60_000;
const MAX_IN_CELL = 4;

function isToday(day: Date): boolean {
  return day.getTime() === midnight(new Date()).getTime();
}

export function Week({ days, items, open, add }: Props) {
  const scroller = useRef<HTMLDivElement>(null);
  useEffect(() => {
    scroller.current?.scrollTo({ top: MORNING * HOUR_PX });
  }, []);
  return (
    <div>
      <div className={classes.week}>
        <div />
        {days.map((day) => (
          <div key={day.getTime()} className={`${classes.head} ${isToday(day) ? classes.today : ''}`}>
            <Text size="sm" inherit>
              {writeDate(day, { weekday: 'short', day: 'numeric' })}
            </Text>
          </div>
        ))}
        <div />
        {days.map((day) => (
          <div key={day.getTime()} className={classes.allDay}>
            {items
              .filter((item) => item.all_day && isOn(item, day))
              .map((item) => (
                <EventButton key={item.event + item.occurrence} item={item} open={open} brief />
              ))}
          </div>
        ))}
      </div>
      <div ref={scroller} className={classes.scroller} tabIndex={0} role="group" aria-label={t('hoursOfWeek')}>
        <div className={classes.week}>
          <div className={classes.hours} aria-hidden>
            {Array.from({ length: 23 }, (_, index) => (
              <span key={index} className={classes.hour} style={{ top: (index + 1) * HOUR_PX }}>
                {writeDate(new Date(2024, 0, 1, index + 1), { hour: 'numeric' })}
              </span>
            ))}
          </div>
          {days.map((day) => (
            <Hours key={day.getTime()} day={day} items={items} open={open} add={add} />
          ))}
        </div>
      </div>
    </div>
  );
}

function Hours({ day, items, open, add }: { day: Date } & Omit<Props, 'days'>) {
  const timed = items.filter((item) => !item.all_day && isOn(item, day));
  const lanes = lanesOf(timed);
  const next = addDays(day, 1);
  return (
    <div className={classes.day}>
      <UnstyledButton className={classes.slot} aria-label={t('newEventOn', { day: dayText(day) })} onClick={(event) => add(new Date(day.getTime() + hourAt(event.nativeEvent.offsetY, event.detail) * 3_600_000))} />
      {timed.map((item) => {
        const { lane, lanes: count } = lanes.get(item)!;
        const start = Math.max(startOf(item).getTime(), day.getTime());
        const end = Math.max(Math.min(endOf(item).getTime(), next.getTime()), start + LEAST_MS);
        const style = {
          top: ((start - day.getTime()) / 3_600_000) * HOUR_PX,
          height: ((end - start) / 3_600_000) * HOUR_PX - 2,
          left: `${(lane / count) * 100}%`,
          width: `${100 / count}%`,
        };
        return <EventButton key={item.event + item.occurrence} item={item} open={open} style={style} brief={end - start < TWO_LINES_MS} />;
      })}
    </div>
  );
}

// By keyboard there is no place: nine o'clock then.
function hourAt(offsetPx: number, clicks: number): number {
  return clicks === 0 ? 9 : Math.floor(offsetPx / HOUR_PX);
}

export function Month({ days, items, open, add, month }: Props & { month: number }) {
  return (
    <div className={classes.month}>
      {days.slice(0, 7).map((day) => (
        <Text key={day.getTime()} size="xs" c="dimmed" ta="center" py={4}>
          {writeDate(day, { weekday: 'short' })}
        </Text>
      ))}
      {days.map((day) => {
        const found = items.filter((item) => isOn(item, day));
        return (
          <div key={day.getTime()} className={`${classes.cell} ${day.getMonth() === month ? '' : classes.other}`}>
            <UnstyledButton className={classes.slot} aria-label={t('newEventOn', { day: dayText(day) })} onClick={() => add(new Date(day.getTime() + 9 * 3_600_000))} />
            <span className={`${classes.number} ${isToday(day) ? classes.today : ''}`}>{day.getDate()}</span>
            {found.slice(0, MAX_IN_CELL).map((item) => (
              <EventButton key={item.event + item.occurrence} item={item} open={open} brief />
            ))}
            {found.length > MAX_IN_CELL && (
              <Text size="xs" c="dimmed">
                {t('moreCount', { count: found.length - MAX_IN_CELL })}
              </Text>
            )}
          </div>
        );
      })}
    </div>
  );
}

export function Agenda({ days, items, open }: Omit<Props, 'add'>) {
  const busy = days.filter((day) => items.some((item) => isOn(item, day)));
  return (
    <Stack gap="md" p="sm">
      {busy.length === 0 && <Text c="dimmed">{t('nothingPlanned')}</Text>}
      {busy.map((day) => (
        <div key={day.getTime()}>
          <Group mb={4}>
            <Text size="sm" fw={600} className={isToday(day) ? classes.today : undefined}>
              {dayText(day)}
            </Text>
          </Group>
          <Stack gap={4}>
            {items
              .filter((item) => isOn(item, day))
              .map((item) => (
                <EventButton key={item.event + item.occurrence} item={item} open={open} />
              ))}
          </Stack>
        </div>
      ))}
    </Stack>
  );
}
