// What is in an object, shown as its kind is best read. The bytes come with a sandbox policy and
// are never run; text is read only in part.
import { Box, Button, Center, Code, Image, Loader, ScrollArea, Stack, Table, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { IconExternalLink } from '@tabler/icons-react';

import { useChange } from '../api/call';
import { send } from '../api/client';
import type { ObjectDetails } from '../api/schema';
import { formatBytes } from '../app/format';
import { Markdown } from '../app/markdown';
import { Failed } from '../app/parts';
import { t } from '../i18n/text';
import { parseCsv } from './csv';
import { kindOf, lastPart, objectUrl } from './names';

const TEXT_BYTES = 256 * 1024;
const CSV_ROWS = 200;
const HEIGHT = 'min(46vh, 460px)';

export function Preview({ details }: { details: ObjectDetails }) {
  const kind = kindOf(details.key, details.content_type);
  const url = objectUrl(details.bucket, details.key);
  const name = lastPart(details.key);
  if (details.size_bytes === 0) return <Note>{t('thisObjectIsEmpty')}</Note>;
  if (kind === 'image') {
    return (
      <Center className="checker" p="sm">
        <Image src={url} alt={name} mah={HEIGHT} w="auto" fit="contain" />
      </Center>
    );
  }
  if (kind === 'video') return <video src={url} controls style={{ width: '100%', maxHeight: HEIGHT }} aria-label={name} />;
  if (kind === 'audio') return <audio src={url} controls style={{ width: '100%' }} aria-label={name} />;
  if (kind === 'pdf') return <OpenElsewhere details={details} />;
  if (kind === 'other') return <Note>{t('noPreview', { contentType: details.content_type })}</Note>;
  return <TextPreview details={details} kind={kind} />;
}

function Note({ children }: { children: React.ReactNode }) {
  return (
    <Center py="xl" className="well">
      <Text size="sm" c="dimmed" ta="center" px="md">
        {children}
      </Text>
    </Center>
  );
}

// The browser's own viewer does not run in a sandbox, so a PDF opens from the AWS port's origin.
function OpenElsewhere({ details }: { details: ObjectDetails }) {
  const link = useChange('createObjectLink');
  const open = () => {
    const tab = window.open('', '_blank');
    link.mutate(
      { bucket: details.bucket, key: details.key, expires_s: 900 },
      { onSuccess: (made) => tab?.location.replace(made.url), onError: () => tab?.close() },
    );
  };
  return (
    <Note>
      <Button variant="light" leftSection={<IconExternalLink size={16} />} onClick={open} loading={link.isPending}>
        {t('openThePdfIn')}
      </Button>
    </Note>
  );
}

function TextPreview({ details, kind }: { details: ObjectDetails; kind: 'csv' | 'markdown' | 'json' | 'text' }) {
  const isPart = details.size_bytes > TEXT_BYTES;
  const range = isPart ? `?range=bytes%3D0-${TEXT_BYTES - 1}` : '';
  const { data, error, isPending } = useQuery({
    queryKey: ['objectText', details.bucket, details.key, details.etag],
    queryFn: async () => (await send('GET', objectUrl(details.bucket, details.key, range))).text(),
    staleTime: Infinity,
  });
  if (isPending) {
    return (
      <Center py="xl">
        <Loader size="sm" role="img" aria-label={t('readingTheObject')} />
      </Center>
    );
  }
  if (error !== null) return <Failed error={error} />;
  return (
    <Stack gap={6}>
      <ScrollArea.Autosize mah={HEIGHT} className="well" tabIndex={0}>
        <Box p="sm" style={kind === 'markdown' ? { width: 0, minWidth: '100%' } : undefined}>
          {kind === 'csv' && <CsvTable text={data} />}
          {kind === 'markdown' && <Markdown text={data} />}
          {kind === 'json' && <Plain text={isPart ? data : prettyJson(data)} />}
          {kind === 'text' && <Plain text={data} />}
        </Box>
      </ScrollArea.Autosize>
      {isPart && (
        <Text size="xs" c="dimmed">
          {t('firstOf', { size: formatBytes(TEXT_BYTES), size2: formatBytes(details.size_bytes) })}
        </Text>
      )}
    </Stack>
  );
}

function Plain({ text }: { text: string }) {
  return (
    <Code block bg="transparent" p={0} style={{ whiteSpace: 'pre' }}>
      {text}
    </Code>
  );
}

function prettyJson(text: string): string {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text; // not JSON after all: shown as it is
  }
}

function CsvTable({ text }: { text: string }) {
  const [head, ...rows] = parseCsv(text, CSV_ROWS + 1);
  return (
    <>
      <Table fz="xs" withRowBorders striped stickyHeader horizontalSpacing="sm" verticalSpacing={4} style={{ width: 'max-content' }}>
        <Table.Thead>
          <Table.Tr>
            {head?.map((cell, index) => (
              <Table.Th key={index}>{cell}</Table.Th>
            ))}
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {rows.map((row, index) => (
            <Table.Tr key={index}>
              {row.map((cell, column) => (
                <Table.Td key={column} maw={280} style={{ overflow: 'hidden', textOverflow: 'ellipsis', whiteSpace: 'nowrap' }} title={cell}>
                  {cell}
                </Table.Td>
              ))}
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
      {rows.length === CSV_ROWS && (
        <Text size="xs" c="dimmed" mt="xs">
          {t('firstRows', { count: CSV_ROWS })}
        </Text>
      )}
    </>
  );
}
