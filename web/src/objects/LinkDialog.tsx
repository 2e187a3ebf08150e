// A presigned link: whoever has it can fetch this one object until it ends.
import { Anchor, Button, Code, Group, Modal, SegmentedControl, Stack, Text } from '@mantine/core';
import { IconExternalLink } from '@tabler/icons-react';
import { useEffect, useState } from 'react';

import { useChange } from '../api/call';
import { formatTime } from '../app/format';
import { Copy } from '../app/parts';
import { Say, t } from '../i18n/text';
import { lastPart } from './names';

const DURATIONS = [
  { value: '900', label: 'minutes15' },
  { value: '3600', label: 'hour1' },
  { value: '21600', label: 'hours6' },
  { value: '43200', label: 'hours12' },
] as const;

export function LinkDialog({ bucket, objectKey, close }: { bucket: string; objectKey: string | null; close: () => void }) {
  const [shown, setShown] = useState('');
  useEffect(() => {
    if (objectKey !== null) setShown(objectKey);
  }, [objectKey]);
  return (
    <Modal opened={objectKey !== null} onClose={close} title={t('shareByLink')} centered size="lg">
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
        <Say text="whoeverHasTheLink" values={{ objectKey: <b>{lastPart(objectKey)}</b> }} />
      </Text>
      <SegmentedControl
        data={DURATIONS.map(({ value, label }) => ({ value, label: t(label) }))}
        value={seconds}
        onChange={(value) => {
          setSeconds(value);
          make.reset();
        }}
        aria-label={t('howLongTheLink')}
      />
      {make.data ? (
        <>
          <Group gap={4} wrap="nowrap" align="flex-start">
            <Code block className="wrap-anywhere" style={{ flex: 1 }} data-testid="link">
              {make.data.url}
            </Code>
            <Copy value={make.data.url} label={t('copyLink')} />
          </Group>
          <Group justify="space-between">
            <Text size="xs" c="dimmed">
              {t('worksUntil', { time: formatTime(make.data.expires_us) })}
            </Text>
            <Anchor href={make.data.url} target="_blank" rel="noreferrer" size="sm">
              <Group gap={4}>
                {t('openHome')} <IconExternalLink size={14} />
              </Group>
            </Anchor>
          </Group>
        </>
      ) : (
        <Button loading={make.isPending} onClick={() => make.mutate({ bucket, key: objectKey, expires_s: Number(seconds) })} data-autofocus>
          {t('makeTheLink')}
        </Button>
      )}
    </Stack>
  );
}
