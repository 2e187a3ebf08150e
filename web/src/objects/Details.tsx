// All about one object, in a drawer: its preview, its facts, and what can be done with it.
import { Badge, Button, Drawer, Group, Stack, Table, Text, Title } from '@mantine/core';
import { IconDownload, IconLink, IconTrash } from '@tabler/icons-react';
import { useEffect, useState, type ReactNode } from 'react';

import { useCall, useChange } from '../api/call';
import type { ObjectDetails } from '../api/schema';
import { uncovered, useConfirm } from '../app/confirm';
import { formatBytes, formatTime } from '../app/format';
import { Copy, Failed, Waiting } from '../app/parts';
import { writeNumber } from '../i18n/dates';
import { t } from '../i18n/text';
import { LinkDialog } from './LinkDialog';
import { lastPart, objectUrl } from './names';
import { Preview } from './Preview';

interface Props {
  bucket: string;
  objectKey: string | null;
  close: () => void;
  changed: () => void;
}

export function DetailsDrawer({ bucket, objectKey, close, changed }: Props) {
  const [shown, setShown] = useState(objectKey);
  useEffect(() => {
    if (objectKey !== null) setShown(objectKey);
  }, [objectKey]);
  return (
    <Drawer
      opened={objectKey !== null}
      onClose={uncovered(close)}
      position="right"
      size="xl"
      title={
        <Text fw={650} style={{ overflowWrap: 'anywhere' }}>
          {shown === null ? '' : lastPart(shown)}
        </Text>
      }
    >
      {shown !== null && <Body key={shown} bucket={bucket} objectKey={shown} close={close} changed={changed} />}
    </Drawer>
  );
}

function Body({ bucket, objectKey, close, changed }: { bucket: string; objectKey: string; close: () => void; changed: () => void }) {
  const { data, error, isPending } = useCall('getObjectDetails', { bucket, key: objectKey });
  if (isPending) return <Waiting />;
  if (error !== null) return <Failed error={error} />;
  return (
    <Stack>
      <Actions details={data} close={close} changed={changed} />
      <Preview details={data} />
      <Facts details={data} />
    </Stack>
  );
}

function Actions({ details, close, changed }: { details: ObjectDetails; close: () => void; changed: () => void }) {
  const [linking, setLinking] = useState(false);
  const { ask, dialog } = useConfirm();
  const remove = useChange('deleteObject', { done: t('keyDeleted', { key: lastPart(details.key) }) });
  const { bucket, key } = details;
  const erase = async () => {
    if (!(await ask({ title: t('deleteKeyAsk', { key: lastPart(key) }), text: t('deletedObjectsCannotBe'), yes: t('delete') }))) return;
    remove.mutate(
      { bucket, key },
      {
        onSuccess: () => {
          close();
          changed();
        },
      },
    );
  };
  return (
    <Group gap="xs">
      <Button component="a" href={objectUrl(bucket, key, '?download=true')} size="xs" variant="default" leftSection={<IconDownload size={15} />}>
        {t('download')}
      </Button>
      <Button size="xs" variant="default" leftSection={<IconLink size={15} />} onClick={() => setLinking(true)}>
        {t('shareByLink')}
      </Button>
      <Button size="xs" variant="light" color="red" leftSection={<IconTrash size={15} />} loading={remove.isPending} onClick={() => void erase()}>
        {t('delete')}
      </Button>
      <LinkDialog bucket={bucket} objectKey={linking ? key : null} close={() => setLinking(false)} />
      {dialog}
    </Group>
  );
}

function Facts({ details }: { details: ObjectDetails }) {
  const address = `s3://${details.bucket}/${details.key}`;
  const zones = details.zones.map((zone) => (
    <Badge key={zone} variant="light" tt="none" mr={6}>
      {zone}
    </Badge>
  ));
  const rows: [string, ReactNode][] = [
    [t('address'), <Copyable key="address" value={address} />],
    [t('size'), t('sizeInBytes', { size: formatBytes(details.size_bytes), number: writeNumber(details.size_bytes) })],
    [t('contentType'), details.content_type],
    [t('modified'), formatTime(details.modified_us)],
    [t('copiesIn'), details.zones.length > 0 ? zones : ''],
    ['ETag', <Copyable key="etag" value={details.etag} />],
    [t('checksum'), details.checksum ? <Copyable key="checksum" value={details.checksum} /> : ''],
    [t('storageClass'), details.storage_class],
    [t('uploadedIn'), details.parts > 1 ? t('partsCount', { count: details.parts }) : t('onePiece')],
  ];
  return (
    <>
      <FactTable rows={rows} />
      <Section title={t('metadata')} entries={details.metadata} />
      <Section title={t('headers')} entries={details.headers} />
      <Section title={t('tags')} entries={details.tags} />
    </>
  );
}

export function Copyable({ value }: { value: string }) {
  return (
    <Group gap={4} wrap="nowrap">
      <Text className="mono wrap-anywhere" size="sm">
        {value}
      </Text>
      <Copy value={value} />
    </Group>
  );
}

export function FactTable({ rows }: { rows: [string, ReactNode][] }) {
  return (
    <Table verticalSpacing={6} layout="fixed">
      <Table.Tbody>
        {rows
          .filter(([, value]) => value !== '')
          .map(([name, value]) => (
            <Table.Tr key={name}>
              <Table.Th w={120} fw={500} c="dimmed" style={{ verticalAlign: 'top' }}>
                {name}
              </Table.Th>
              <Table.Td className="wrap-anywhere">{value}</Table.Td>
            </Table.Tr>
          ))}
      </Table.Tbody>
    </Table>
  );
}

function Section({ title, entries }: { title: string; entries: Record<string, string> }) {
  const rows = Object.entries(entries);
  if (rows.length === 0) return null;
  return (
    <div>
      <Title order={3} fz={14} mb={4}>
        {title}
      </Title>
      <FactTable rows={rows} />
    </div>
  );
}
