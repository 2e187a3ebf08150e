// What is in a file, shown below its name: the beginning of texts and tables, pages of a PDF, sound and film.
// Nothing of a file runs here: texts stay texts, and a PDF is drawn.
import { Anchor, Table, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useState, type ComponentType } from 'react';

import { send } from '../api/client';
import { t } from '../i18n/text';
import { parseCsv } from '../objects/csv';
import classes from './chat.module.css';
import { Code } from './Code';
import { hereOf } from './FileCard';
import { PdfFile } from './Pdf';
import type { SharedFile } from './types';

const MAX_TEXT_BYTES = 256 * 1024;
const MAX_PDF_BYTES = 32 * 1024 * 1024;
const SHOWN_LINES = 8;
const SHOWN_ROWS = 5;
const MAX_ROWS = 200;

type Preview = ComponentType<{ file: SharedFile }>;

export function previewOf({ name, mimetype, size }: SharedFile): Preview | null {
  if (mimetype === 'application/pdf') return size <= MAX_PDF_BYTES ? PdfFile : null;
  if (mimetype.startsWith('audio/')) return Sound;
  if (mimetype.startsWith('video/')) return Film;
  if (size > MAX_TEXT_BYTES) return null;
  if (/\.[ct]sv$/i.test(name)) return SheetFile;
  return /^text\/(?!html)/.test(mimetype) || /^application\/(json|x-yaml|toml|sql)$/.test(mimetype) ? TextFile : null;
}

function useText(file: SharedFile): string | undefined {
  const source = hereOf(file.url_private);
  return useQuery({ queryKey: ['chat', 'file', file.id], queryFn: async () => (await send('GET', source)).text(), staleTime: Infinity }).data;
}

// The first lines of a text file, and all of it on a press.
function TextFile({ file }: { file: SharedFile }) {
  const [isWhole, setWhole] = useState(false);
  const text = useText(file);
  const lines = (text ?? '').split('\n');
  return (
    <>
      {text !== undefined && <Code text={(isWhole ? lines : lines.slice(0, SHOWN_LINES)).join('\n')} language={file.name.split('.').at(-1) ?? ''} />}
      {lines.length > SHOWN_LINES && (
        <Anchor component="button" size="sm" onClick={() => setWhole(!isWhole)}>
          {isWhole ? t('showLess') : t('showAllLines', { count: lines.length })}
        </Anchor>
      )}
    </>
  );
}

// A table as a spreadsheet writes it: its head and first rows, and more on a press.
function SheetFile({ file }: { file: SharedFile }) {
  const [isWhole, setWhole] = useState(false);
  const text = useText(file);
  if (text === undefined) return null;
  const [head = [], ...rows] = parseCsv(text, MAX_ROWS + 1);
  return (
    <>
      <Table.ScrollContainer minWidth={0} maxHeight={isWhole ? 420 : undefined} mt={6}>
        <Table withTableBorder withColumnBorders verticalSpacing={3} data={{ head, body: isWhole ? rows : rows.slice(0, SHOWN_ROWS) }} />
      </Table.ScrollContainer>
      {rows.length > SHOWN_ROWS && (
        <Anchor component="button" size="sm" onClick={() => setWhole(!isWhole)}>
          {isWhole ? t('showLess') : t('showRows', { count: rows.length })}
        </Anchor>
      )}
      {isWhole && rows.length === MAX_ROWS && (
        <Text size="xs" c="dimmed">
          {t('onlyFirstRows', { count: MAX_ROWS })}
        </Text>
      )}
    </>
  );
}

function Sound({ file }: { file: SharedFile }) {
  return <audio src={hereOf(file.url_private)} controls preload="none" className={classes.sound} aria-label={file.title} />;
}

function Film({ file }: { file: SharedFile }) {
  return <video src={hereOf(file.url_private)} controls preload="metadata" className={classes.film} aria-label={file.title} />;
}
