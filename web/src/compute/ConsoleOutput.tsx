// What an instance wrote to its console; looks again by itself and stays at the end.
import { Group, ScrollArea, Switch, Text } from '@mantine/core';
import { useEffect, useRef, useState } from 'react';

import { useCall } from '../api/call';
import type { InstanceObject } from '../api/schema';
import { Copy, Failed, Surface } from '../app/parts';

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
      title="Console output"
      aside={
        <Group gap="xs">
          <Switch size="xs" label="Follow" checked={follow} onChange={(event) => setFollow(event.currentTarget.checked)} />
          <Copy value={output} label="Copy the output" />
        </Group>
      }
    >
      {error !== null && <Failed error={error} />}
      <ScrollArea h={420} viewportRef={view} className="terminal" viewportProps={{ tabIndex: 0, role: 'log', 'aria-label': 'Console output' }}>
        {output === '' ? (
          <Text size="sm" p="sm" c="gray.5">
            {ended ? 'It wrote nothing that is still kept.' : instance.state === 'pending' ? 'Starting …' : 'It has written nothing so far.'}
          </Text>
        ) : (
          <pre>{output}</pre>
        )}
      </ScrollArea>
    </Surface>
  );
}
