// Block Kit: what bots and programs post, in messages, modals and Home tabs.
import { Alert, Anchor, Badge, Button, Divider, Group, Loader, Stack, Table, Text, Title } from '@mantine/core';
import { IconAlertTriangle, IconCheck, IconCircle, IconPhone, IconX } from '@tabler/icons-react';
import type { ReactNode } from 'react';

import { Markdown } from '../app/markdown';
import { t } from '../i18n/text';
import { ElementView } from './blocks/Elements';
import { RichPart } from './blocks/RichText';
import { elementsOf, useSurface, type Element, type TextObject } from './blocks/surface';
import classes from './chat.module.css';
import { isSafeUrl } from './mrkdwn';
import { MessageText, TextLink } from './Text';
import type { Block } from './types';

export function Blocks({ blocks }: { blocks: Block[] }) {
  return (
    <div className={classes.blocks}>
      {blocks.map((block, index) => (
        <BlockView key={String(block.block_id ?? index)} block={block} />
      ))}
    </div>
  );
}

function BlockView({ block }: { block: Block }): ReactNode {
  const id = String(block.block_id ?? '');
  switch (block.type) {
    case 'header':
      return (
        <Title order={3} fz={17}>
          <Words text={block.text as TextObject} />
        </Title>
      );
    case 'section':
      return <Section block={block} />;
    case 'divider':
      return <Divider my={4} />;
    case 'context':
      return (
        <Group gap={8} className={classes.context}>
          {elementsOf(block).map((element, index) => (element.type === 'image' ? <Picture key={index} block={element} isSmall /> : <Words key={index} text={element as unknown as TextObject} />))}
        </Group>
      );
    case 'image':
      return <Picture block={block} />;
    case 'rich_text':
      return elementsOf(block).map((element, index) => <RichPart key={index} element={element} />);
    case 'actions':
    case 'context_actions':
      return <Row block={id} elements={elementsOf(block)} />;
    case 'input':
      return <InputBlock block={block} />;
    case 'markdown':
      return <Markdown text={String(block.text ?? '')} />;
    case 'table':
      return <TableBlock block={block} />;
    case 'alert':
      return <AlertBlock block={block} />;
    case 'card':
      return <Card block={block} />;
    case 'carousel':
      return (
        <div className={classes.carousel} tabIndex={0} role="group">
          {elementsOf(block).map((card, index) => (
            <Card key={index} block={{ ...card, block_id: id }} />
          ))}
        </div>
      );
    case 'container':
      return (
        <section className={classes.card} style={{ margin: 0 }}>
          <Text fw={650}>
            <Words text={block.title as TextObject | undefined} />
          </Text>
          <Blocks blocks={(block.blocks ?? block.elements ?? []) as Block[]} />
        </section>
      );
    case 'plan':
      return <Plan block={block} />;
    case 'task_card':
      return <Task block={block} />;
    case 'video':
      return <Video block={block} />;
    case 'call':
      return <Call block={block} />;
    case 'file':
      return (
        <Text size="sm" c="dimmed">
          {t('fileElsewhere', { name: String(block.external_id ?? '') })}
        </Text>
      );
    default:
      return null;
  }
}

function Words({ text }: { text: TextObject | undefined }): ReactNode {
  if (!text || typeof text.text !== 'string') return null;
  return text.type === 'mrkdwn' ? <MessageText text={text.text} /> : <span className={classes.lines}>{text.text}</span>;
}

function Row({ block, elements }: { block: string; elements: Element[] }) {
  return (
    <Group gap={6} align="flex-start">
      {elements.map((element, index) => (
        <ElementView key={element.action_id ?? index} block={block} element={element} />
      ))}
    </Group>
  );
}

function Section({ block }: { block: Block }) {
  const fields = Array.isArray(block.fields) ? (block.fields as TextObject[]) : [];
  const accessory = block.accessory as Element | undefined;
  return (
    <Group wrap="nowrap" align="flex-start" justify="space-between">
      <div style={{ minWidth: 0 }}>
        <Words text={block.text as TextObject | undefined} />
        {fields.length > 0 && (
          <div className={classes.fields}>
            {fields.map((field, index) => (
              <Words key={index} text={field} />
            ))}
          </div>
        )}
      </div>
      {accessory?.type === 'image' && <Picture block={accessory} isSmall />}
      {accessory && accessory.type !== 'image' && <ElementView block={String(block.block_id ?? '')} element={accessory} />}
    </Group>
  );
}

function InputBlock({ block }: { block: Block }) {
  const { errors } = useSurface();
  const id = String(block.block_id ?? '');
  const label = (block.label as TextObject).text;
  const element = { ...(block.element as Element), ...(block.dispatch_action ? { dispatch: true } : {}) };
  return (
    <div>
      <Text size="sm" fw={550} mb={2}>
        {label}
        {block.optional ? (
          <Text span size="sm" c="dimmed">
            {' '}
            {t('optional')}
          </Text>
        ) : null}
      </Text>
      <ElementView block={id} element={element} isInput label={label} />
      {errors[id] && (
        <Text size="sm" c="red" role="alert">
          {errors[id]}
        </Text>
      )}
      {block.hint ? (
        <Text size="xs" c="dimmed">
          {(block.hint as TextObject).text}
        </Text>
      ) : null}
    </div>
  );
}

function TableBlock({ block }: { block: Block }) {
  const rows = (Array.isArray(block.rows) ? block.rows : []) as Element[][];
  const [head = [], ...rest] = rows;
  const cell = (item: Element) => (item.type === 'rich_text' ? elementsOf(item).map((part, index) => <RichPart key={index} element={part} />) : String(item.text ?? ''));
  return (
    <Table.ScrollContainer minWidth={240}>
      <Table withTableBorder withColumnBorders verticalSpacing={4}>
        <Table.Thead>
          <Table.Tr>
            {head.map((item, index) => (
              <Table.Th key={index}>{cell(item)}</Table.Th>
            ))}
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {rest.map((row, index) => (
            <Table.Tr key={index}>
              {row.map((item, place) => (
                <Table.Td key={place}>{cell(item)}</Table.Td>
              ))}
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  );
}

const LEVELS: Record<string, string> = { info: 'blue', warning: 'yellow', error: 'red', success: 'green' };

function AlertBlock({ block }: { block: Block }) {
  return (
    <Alert color={LEVELS[String(block.level)] ?? 'gray'} icon={<IconAlertTriangle size={18} />} p="xs">
      <Words text={block.text as TextObject} />
    </Alert>
  );
}

function Card({ block }: { block: Block | Element }) {
  const hero = block.hero_image as Element | undefined;
  const actions = Array.isArray(block.actions) ? (block.actions as Element[]) : [];
  return (
    <section className={classes.kitCard}>
      {hero && <Picture block={hero} />}
      <Text fw={650}>
        <Words text={block.title as TextObject | undefined} />
      </Text>
      <Text size="sm" c="dimmed">
        <Words text={block.subtitle as TextObject | undefined} />
      </Text>
      <Words text={block.body as TextObject | undefined} />
      {actions.length > 0 && <Row block={String(block.block_id ?? '')} elements={actions} />}
    </section>
  );
}

function Plan({ block }: { block: Block }) {
  const tasks = (Array.isArray(block.tasks) ? block.tasks : []) as Block[];
  return (
    <section className={classes.card} style={{ margin: 0 }}>
      <Text fw={650}>{String(block.title ?? '')}</Text>
      <Stack gap={4}>
        {tasks.map((task, index) => (
          <Task key={index} block={task} />
        ))}
      </Stack>
    </section>
  );
}

function Task({ block }: { block: Block }) {
  const signs: Record<string, ReactNode> = {
    complete: <IconCheck size={16} color="var(--mantine-color-green-7)" aria-label={t('done')} />,
    error: <IconX size={16} color="var(--mantine-color-red-7)" aria-label={t('failed')} />,
    in_progress: <Loader size={14} role="img" aria-label={t('underWay')} />,
  };
  const parts = (value: unknown) => elementsOf((value ?? {}) as Element).map((part, index) => <RichPart key={index} element={part} />);
  return (
    <div>
      <Group gap={8} wrap="nowrap">
        {signs[String(block.status)] ?? <IconCircle size={14} aria-hidden />}
        <Text size="sm" fw={550}>
          {String(block.title ?? '')}
        </Text>
      </Group>
      <div className={classes.taskParts}>
        {parts(block.details)}
        {parts(block.output)}
        <Group gap={6}>
          {((block.sources ?? []) as { url: string; text: string }[]).map((source) => isSafeUrl(source.url) && <TextLink key={source.url} url={source.url} text={source.text} />)}
        </Group>
      </div>
    </div>
  );
}

function Video({ block }: { block: Block }) {
  const url = String(block.title_url ?? block.video_url ?? '');
  return (
    <section className={classes.kitCard}>
      <Text fw={650}>{isSafeUrl(url) ? <TextLink url={url} text={(block.title as TextObject).text} /> : (block.title as TextObject).text}</Text>
      {typeof block.author_name === 'string' && (
        <Text size="xs" c="dimmed">
          {block.author_name}
        </Text>
      )}
      <Picture block={{ image_url: block.thumbnail_url, alt_text: block.alt_text }} />
    </section>
  );
}

function Call({ block }: { block: Block }) {
  const call = ((block.call ?? {}) as { v1?: { name?: string; join_url?: string; date_end?: number } }).v1 ?? {};
  return (
    <Group gap="sm" className={classes.kitCard}>
      <IconPhone size={18} aria-hidden />
      <Text fw={600}>{call.name ?? t('call')}</Text>
      {call.date_end ? <Badge color="gray">{t('over')}</Badge> : null}
      {call.join_url && isSafeUrl(call.join_url) && (
        <Button component="a" href={call.join_url} target="_blank" rel="noreferrer noopener" size="compact-sm">
          {t('join')}
        </Button>
      )}
    </Group>
  );
}

// The page loads pictures from Volano only, so that a message cannot tell strangers who reads it.
function Picture({ block, isSmall = false }: { block: Record<string, unknown>; isSmall?: boolean }) {
  const url = String(block.image_url ?? (block.slack_file as { url?: string } | undefined)?.url ?? '');
  const alt = String(block.alt_text ?? '');
  if (!isSafeUrl(url)) return null;
  const parsed = new URL(url);
  if (parsed.origin !== location.origin) {
    return (
      <Anchor href={url} target="_blank" rel="noreferrer noopener" size="sm">
        {alt || t('picture')}
      </Anchor>
    );
  }
  return <img src={parsed.pathname + parsed.search} alt={alt} className={isSmall ? classes.smallPicture : classes.picture} />;
}

// Older than blocks: a coloured bar with a title, a text and fields.
export function Attachments({ attachments }: { attachments: Block[] }) {
  return attachments.map((item, index) => {
    const fields = Array.isArray(item.fields) ? (item.fields as { title?: string; value?: string }[]) : [];
    const color = typeof item.color === 'string' && /^#?[0-9a-f]{6}$/i.test(item.color) ? `#${item.color.replace('#', '')}` : undefined;
    return (
      <div key={index} className={classes.attachment} style={color ? { borderLeftColor: color } : undefined}>
        {typeof item.pretext === 'string' && <MessageText text={item.pretext} />}
        {typeof item.title === 'string' && <Text fw={650}>{typeof item.title_link === 'string' && isSafeUrl(item.title_link) ? <TextLink url={item.title_link} text={item.title} /> : item.title}</Text>}
        {typeof item.text === 'string' && <MessageText text={item.text} />}
        {Array.isArray(item.blocks) && <Blocks blocks={item.blocks as Block[]} />}
        {fields.length > 0 && (
          <div className={classes.fields}>
            {fields.map((field, place) => (
              <div key={place}>
                <Text fw={600} size="sm">
                  {field.title}
                </Text>
                <MessageText text={field.value ?? ''} />
              </div>
            ))}
          </div>
        )}
      </div>
    );
  });
}
