// The inference engine: off until a model is first asked, then installing, starting, ready.
import { Badge, Box, Group, Loader, Progress, Text, Tooltip } from '@mantine/core';

import { useCall } from '../api/call';
import type { InferenceObject } from '../api/schema';
import { fromServer } from '../i18n/server';
import { t, type TextKey } from '../i18n/text';

const LOOK_EVERY_MS = 10_000;
const LOOK_EVERY_BUSY_MS = 1_000;
const LABELS: Record<string, TextKey> = { off: 'engineAsleep', installing: 'engineInstalling', starting: 'engineStarting', ready: 'engineReady', failed: 'engineFailed' };
const COLORS: Record<string, string> = { off: 'gray', installing: 'amber', starting: 'amber', ready: 'volano', failed: 'red' };

export function useEngine(isWaiting = false): InferenceObject | undefined {
  return useCall('getInference', {}, { every: isWaiting ? LOOK_EVERY_BUSY_MS : LOOK_EVERY_MS }).data;
}

export function EngineBadge() {
  const engine = useEngine();
  if (engine === undefined) return null;
  const loaded = engine.loaded.length > 0 ? t('engineLoaded', { loaded: engine.loaded.join(', ') }) : t('engineWakes');
  return (
    <Tooltip label={engine.state === 'ready' || engine.state === 'off' ? loaded : fromServer(engine.text)} multiline maw={320}>
      <Badge variant="light" color={COLORS[engine.state] ?? 'gray'} size="lg" tabIndex={0}>
        {LABELS[engine.state] ? t(LABELS[engine.state]!) : engine.state}
      </Badge>
    </Tooltip>
  );
}

// Shown where an answer will stand; the first question of all installs the engine, which takes minutes.
export function EngineWait() {
  const engine = useEngine(true);
  if (engine === undefined || engine.state === 'ready' || engine.state === 'off') {
    return (
      <Group gap="xs" role="status">
        <Loader size="xs" type="dots" />
        <Text size="sm" c="dimmed">
          {t('waitingForTheFirst')}
        </Text>
      </Group>
    );
  }
  const percent = Math.round(engine.fraction * 100);
  return (
    <Box role="status" w="100%" maw={420}>
      <Group justify="space-between" mb={6} wrap="nowrap">
        <Text size="sm">{fromServer(engine.text)}</Text>
        <Text size="sm" c="dimmed">
          {percent} %
        </Text>
      </Group>
      <Progress value={Math.max(percent, 2)} animated aria-label={fromServer(engine.text)} />
      {engine.state === 'installing' && (
        <Text size="xs" c="dimmed" mt={6}>
          {t('thisHappensOnceYour')}
        </Text>
      )}
    </Box>
  );
}
