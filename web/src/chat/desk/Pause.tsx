// Do not disturb: notices paused for a while, by a press; quiet hours of every day are in the settings.
import { ActionIcon, Menu, Tooltip } from '@mantine/core';
import { IconBell, IconBellOff } from '@tabler/icons-react';
import { useQuery, useQueryClient } from '@tanstack/react-query';

import { slack } from '../../api/client';
import { tellFailure } from '../../app/parts';
import { writeDate } from '../../i18n/dates';
import { t } from '../../i18n/text';

export const pauseKey = ['chat', 'pause'] as const;
const MORNING_HOUR = 8;

interface Status {
  snooze_enabled: boolean;
  snooze_endtime?: number; // seconds
}

// Until when no notice comes, in milliseconds; 0 when they come.
export function usePausedUntil(): number {
  const { data } = useQuery({ queryKey: pauseKey, queryFn: () => slack<Status>('dnd.info') });
  const until = (data?.snooze_endtime ?? 0) * 1000;
  return data?.snooze_enabled && until > Date.now() ? until : 0;
}

// Pauses notices for some minutes, or lets them come again for 0.
export function usePause(): (minutes: number) => void {
  const queries = useQueryClient();
  return (minutes) => {
    const change = minutes > 0 ? slack('dnd.setSnooze', { num_minutes: minutes }) : slack('dnd.endSnooze', {});
    change.then(() => queries.invalidateQueries({ queryKey: pauseKey }), tellFailure);
  };
}

function minutesUntilMorning(): number {
  const now = new Date();
  const morning = new Date(now.getFullYear(), now.getMonth(), now.getDate() + 1, MORNING_HOUR);
  return Math.ceil((morning.getTime() - now.getTime()) / 60_000);
}

export function PauseMenu() {
  const until = usePausedUntil();
  const pause = usePause();
  const label = until > 0 ? t('pausedUntil', { time: writeDate(new Date(until), { weekday: 'short', hour: '2-digit', minute: '2-digit' }) }) : t('pauseNotices');
  return (
    <Menu position="bottom-start">
      <Menu.Target>
        <Tooltip label={label}>
          <ActionIcon variant="subtle" color={until > 0 ? 'amber' : 'gray'} aria-label={label}>
            {until > 0 ? <IconBellOff size={17} /> : <IconBell size={17} />}
          </ActionIcon>
        </Tooltip>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Label>{label}</Menu.Label>
        {until > 0 && <Menu.Item onClick={() => pause(0)}>{t('resumeNotices')}</Menu.Item>}
        <Menu.Item onClick={() => pause(30)}>{t('pauseMinutes', { count: 30 })}</Menu.Item>
        <Menu.Item onClick={() => pause(60)}>{t('pauseHours', { count: 1 })}</Menu.Item>
        <Menu.Item onClick={() => pause(120)}>{t('pauseHours', { count: 2 })}</Menu.Item>
        <Menu.Item onClick={() => pause(minutesUntilMorning())}>{t('pauseTomorrow')}</Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}
