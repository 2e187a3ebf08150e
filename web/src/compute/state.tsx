// How an instance's state looks, and which zones and states instances are in.
import { Badge, type MantineColor } from '@mantine/core';

import type { InstanceObject } from '../api/schema';
import { t, type TextKey } from '../i18n/text';

const LOOKS: Record<string, MantineColor> = {
  pending: 'blue',
  running: 'green',
  stopping: 'orange',
  stopped: 'gray',
  'shutting-down': 'orange',
  terminated: 'gray',
};

const STATES: Record<string, TextKey> = {
  pending: 'statePending',
  running: 'stateRunning',
  stopping: 'stateStopping',
  stopped: 'stateStopped',
  'shutting-down': 'stateShuttingDown',
  terminated: 'stateTerminated',
};

export const CHANGING = new Set(['pending', 'stopping', 'shutting-down']);

export function StateBadge({ state }: { state: string }) {
  const moving = CHANGING.has(state);
  return (
    <Badge variant="light" color={LOOKS[state] ?? 'gray'} className={moving ? 'pulse' : undefined} leftSection={<span className="dot" />} tt="none">
      {STATES[state] ? t(STATES[state]) : state}
    </Badge>
  );
}

export function isThere(instance: InstanceObject): boolean {
  return instance.state !== 'terminated';
}

export function countBy<T>(items: T[], of: (item: T) => string): Map<string, number> {
  const counts = new Map<string, number>();
  for (const item of items) counts.set(of(item), (counts.get(of(item)) ?? 0) + 1);
  return counts;
}
