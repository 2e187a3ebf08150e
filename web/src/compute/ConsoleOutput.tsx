// What an instance wrote to its console; looks again by itself and stays at the end.
import { Group, ScrollArea, Switch, Text } from '@mantine/core';
import { useEffect, useRef, useState } from 'react';

import { useCall } from '../api/call';
import type { InstanceObject } from '../api/schema';
import { Copy, Failed, Surface } from '../app/parts';
import { t } from '../i18n/text';

const LOOK_EVERY_MS = 1_500;

export function ConsoleOutput({ instance }: { instance: InstanceObject }) {
  const [follow, setFollow] = useState(true);
  const ended = instance.state === 'terminated';
  const { data, error } = useCall('getConsoleOutput', { id: instance.id }, { every: ended ? false : LOOK_EVERY_MS });
  const view = useRef<HTMLDivElement>(null);
  const output = data?.output ?? '';

  useEffect(() => {
    if (follow) view.current?.scrollTo({ top: view.current.scrollHeight });
  }, [output, follow]);

  return (
    <Surface
      title={t('consoleOutput')}
      aside={
        <Group gap="xs">
          <Switch size="xs" label={t('followOutput')} checked={follow} onChange={(event) => setFollow(event.currentTarget.checked)} />
          <Copy value={output} label={t('copyTheOutput')} />
        </Group>
      }
    >
      {error !== null && <Failed error={error} />}
      <ScrollArea h={420} viewportRef={view} className="terminal" viewportProps={{ tabIndex: 0, role: 'log', 'aria-label': t('consoleOutput') }}>
        {output === '' ? (
          <Text size="sm" p="sm" c="gray.5">
            {ended ? t('itWroteNothingThat') : instance.state === 'pending' ? t('starting') : t('itHasWrittenNothing')}
          </Text>
        ) : (
          <pre>{output}</pre>
        )}
      </ScrollArea>
    </Surface>
  );
}
