// A presigned link: whoever has it can fetch this one object until it ends.
import { Anchor, Button, Code, Group, Modal, SegmentedControl, Stack, Text } from '@mantine/core';
import { IconExternalLink } from '@tabler/icons-react';
import { useEffect, useState } from 'react';

import { useChange } from '../api/call';
import { formatTime } from '../app/format';
import { Copy } from '../app/parts';
import { lastPart } from './names';

const DURATIONS = [
  { value: '900', label: '15 min' },
  { value: '3600', label: '1 hour' },
  { value: '21600', label: '6 hours' },
  { value: '43200', label: '12 hours' },
];

export function LinkDialog({ bucket, objectKey, close }: { bucket: string; objectKey: string | null; close: () => void }) {
  const [shown, setShown] = useState('');
  useEffect(() => {
    if (objectKey !== null) setShown(objectKey);
  }, [objectKey]);
  return (
    <Modal opened={objectKey !== null} onClose={close} title="Share by link" centered size="lg">
      {shown && <LinkForm key={shown} bucket={bucket} objectKey={shown} />}
    </Modal>
  );
}

function LinkForm({ bucket, objectKey }: { bucket: string; objectKey: string }) {
  const [seconds, setSeconds] = useState('3600');
  const make = useChange('createObjectLink');
  return (
    <Stack>
      <Text size="sm">
        Whoever has the link can download <b>{lastPart(objectKey)}</b> without signing in, until it ends.
      </Text>
      <SegmentedControl
        data={DURATIONS}
        value={seconds}
        onChange={(value) => {
          setSeconds(value);
          make.reset();
        }}
        aria-label="How long the link works"
      />
      {make.data ? (
        <>
          <Group gap={4} wrap="nowrap" align="flex-start">
            <Code block className="wrap-anywhere" style={{ flex: 1 }} data-testid="link">
              {make.data.url}
            </Code>
            <Copy value={make.data.url} label="Copy link" />
          </Group>
          <Group justify="space-between">
            <Text size="xs" c="dimmed">
              Works until {formatTime(make.data.expires_us)}
            </Text>
            <Anchor href={make.data.url} target="_blank" rel="noreferrer" size="sm">
              <Group gap={4}>
                Open <IconExternalLink size={14} />
              </Group>
            </Anchor>
          </Group>
        </>
      ) : (
        <Button loading={make.isPending} onClick={() => make.mutate({ bucket, key: objectKey, expires_s: Number(seconds) })} data-autofocus>
          Make the link
        </Button>
      )}
    </Stack>
  );
}
