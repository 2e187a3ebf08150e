// A PDF as drawn pages: pdf.js reads it in a worker of its own and draws on a canvas, so that no script, form or
// link of the file can act, and the file comes from our own bucket as the reader.
import { ActionIcon, Center, Group, Loader, Modal, Text, UnstyledButton, VisuallyHidden } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { IconChevronLeft, IconChevronRight } from '@tabler/icons-react';
import type { PDFDocumentProxy } from 'pdfjs-dist';
import workerUrl from 'pdfjs-dist/build/pdf.worker.min.mjs?url';
import { useEffect, useRef, useState } from 'react';

import { send } from '../api/client';
import { t } from '../i18n/text';
import classes from './chat.module.css';
import { hereOf } from './FileCard';
import type { SharedFile } from './types';

const SMALL_PX = 260;
const LARGE_PX = 900;

type Opened = { pdf: PDFDocumentProxy | null; failed: boolean };

function usePdf(source: string): Opened {
  const [opened, setOpened] = useState<Opened>({ pdf: null, failed: false });
  useEffect(() => {
    let isGone = false;
    let end = () => undefined as unknown;
    const open = async () => {
      const [{ getDocument, GlobalWorkerOptions }, reply] = await Promise.all([import('pdfjs-dist'), send('GET', source)]);
      const data = await reply.arrayBuffer();
      if (isGone) return;
      GlobalWorkerOptions.workerSrc = workerUrl;
      const task = getDocument({ data, useWasm: false, enableXfa: false });
      end = () => task.destroy();
      const pdf = await task.promise;
      if (!isGone) setOpened({ pdf, failed: false });
    };
    open().catch(() => isGone || setOpened({ pdf: null, failed: true }));
    return () => {
      isGone = true;
      end();
    };
  }, [source]);
  return opened;
}

// The first page, which opens the others.
export function PdfFile({ file }: { file: SharedFile }) {
  const [isOpen, { open, close }] = useDisclosure();
  const { pdf, failed } = usePdf(hereOf(file.url_private));
  if (failed) {
    return (
      <Text size="xs" c="dimmed" mt={4}>
        {t('noPdfPreview')}
      </Text>
    );
  }
  return (
    <>
      <UnstyledButton onClick={open} disabled={pdf === null} className={classes.paper} aria-label={t('readNamed', { name: file.name })}>
        {pdf ? <Page pdf={pdf} number={1} width={SMALL_PX} /> : <Loader size="xs" m="xs" />}
      </UnstyledButton>
      <Text size="xs" c="dimmed">
        {pdf ? t('pageCount', { count: pdf.numPages }) : t('loading')}
      </Text>
      <Modal opened={isOpen} onClose={close} title={file.title} size={LARGE_PX + 48} centered>
        {pdf && <Pages pdf={pdf} />}
      </Modal>
    </>
  );
}

function Pages({ pdf }: { pdf: PDFDocumentProxy }) {
  const [number, setNumber] = useState(1);
  return (
    <>
      {pdf.numPages > 1 && (
        <Group justify="center" mb="xs">
          <ActionIcon variant="default" aria-label={t('pageBefore')} disabled={number === 1} onClick={() => setNumber(number - 1)}>
            <IconChevronLeft size={16} />
          </ActionIcon>
          <Text size="sm" role="status">
            {t('pageOf', { number, count: pdf.numPages })}
          </Text>
          <ActionIcon variant="default" aria-label={t('pageAfter')} disabled={number === pdf.numPages} onClick={() => setNumber(number + 1)}>
            <IconChevronRight size={16} />
          </ActionIcon>
        </Group>
      )}
      <Center>
        <Page key={number} pdf={pdf} number={number} width={LARGE_PX} withText />
      </Center>
    </>
  );
}

// One page; with its words for those who cannot see it.
function Page({ pdf, number, width, withText = false }: { pdf: PDFDocumentProxy; number: number; width: number; withText?: boolean }) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const [words, setWords] = useState('');
  useEffect(() => {
    let stop = () => undefined as unknown;
    let isGone = false;
    const draw = async () => {
      const page = await pdf.getPage(number);
      if (isGone || canvas.current === null) return;
      const scale = (width / page.getViewport({ scale: 1 }).width) * Math.min(2, window.devicePixelRatio);
      const viewport = page.getViewport({ scale });
      Object.assign(canvas.current, { width: viewport.width, height: viewport.height });
      const task = page.render({ canvas: canvas.current, viewport });
      stop = () => task.cancel();
      await task.promise;
      if (canvas.current) canvas.current.dataset.drawn = 'true';
      if (!withText) return;
      const { items } = await page.getTextContent();
      if (!isGone) setWords(items.map((item) => ('str' in item ? item.str : '')).join(' '));
    };
    // A page that is left while it is drawn ends with an error that means nothing.
    draw().catch(() => undefined);
    return () => {
      isGone = true;
      stop();
    };
  }, [pdf, number, width, withText]);
  return (
    <>
      <canvas ref={canvas} className={classes.page} style={{ width }} aria-hidden />
      {withText && <VisuallyHidden>{words}</VisuallyHidden>}
    </>
  );
}
