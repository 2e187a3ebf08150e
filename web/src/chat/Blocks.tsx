// Block Kit: what bots and programs post. Buttons are shown but not live; there is nobody to press them for.
import { Anchor, Button, Divider, Group, Text, Title } from '@mantine/core';
import type { ReactNode } from 'react';
import { t } from '../i18n/text';

import classes from './chat.module.css';
import { Emoji, InlineText, MessageText, TextLink } from './Text';
import { isSafeUrl } from './mrkdwn';
import type { Block } from './types';

interface TextObject {
  type: string;
  text: string;
}

interface Element extends Record<string, unknown> {
  type: string;
  text?: unknown;
  elements?: Element[];
}

export function Blocks({ blocks }: { blocks: Block[] }) {
  return (
    <div className={classes.blocks}>
      {blocks.map((block, index) => (
        <BlockView key={index} block={block} />
      ))}
    </div>
  );
}

function BlockView({ block }: { block: Block }) {
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
      return (
        <Group gap={6}>
          {elementsOf(block).map((element, index) => (
            <DeadButton key={index} element={element} />
          ))}
        </Group>
      );
    case 'markdown':
      return <MessageText text={String(block.text ?? '')} />;
    default:
      return null;
  }
}

function elementsOf(block: Record<string, unknown>): Element[] {
  return Array.isArray(block.elements) ? (block.elements as Element[]) : [];
}

function Words({ text }: { text: TextObject | undefined }): ReactNode {
  if (!text || typeof text.text !== 'string') return null;
  return text.type === 'mrkdwn' ? <MessageText text={text.text} /> : <span className={classes.lines}>{text.text}</span>;
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
      {accessory && accessory.type !== 'image' && <DeadButton element={accessory} />}
    </Group>
  );
}

function DeadButton({ element }: { element: Element }) {
  const label = ((element.text ?? element.placeholder) as TextObject | undefined)?.text ?? element.type.replaceAll('_', ' ');
  const url = typeof element.url === 'string' && isSafeUrl(element.url) ? element.url : null;
  if (url !== null) {
    return (
      <Button component="a" href={url} target="_blank" rel="noreferrer noopener" size="compact-sm" variant="default">
        {label}
      </Button>
    );
  }
  return (
    <Button size="compact-sm" variant="default" disabled>
      {label}
    </Button>
  );
}

// The page loads pictures from Volano only, so that a message cannot tell strangers who reads it.
function Picture({ block, isSmall = false }: { block: Record<string, unknown>; isSmall?: boolean }) {
  const url = String(block.image_url ?? '');
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

function RichPart({ element }: { element: Element }) {
  const inner = elementsOf(element);
  switch (element.type) {
    case 'rich_text_preformatted':
      return <pre className={classes.pre}>{inner.map((item) => String(item.text ?? item.url ?? '')).join('')}</pre>;
    case 'rich_text_quote':
      return (
        <blockquote className={classes.quote}>
          <RichRun inner={inner} />
        </blockquote>
      );
    case 'rich_text_list': {
      const Tag = element.style === 'ordered' ? 'ol' : 'ul';
      return (
        <Tag className={classes.list} style={{ marginLeft: Number(element.indent ?? 0) * 22 }}>
          {inner.map((item, index) => (
            <li key={index}>
              <RichRun inner={elementsOf(item)} />
            </li>
          ))}
        </Tag>
      );
    }
    default:
      return (
        <div className={classes.lines}>
          <RichRun inner={inner} />
        </div>
      );
  }
}

function RichRun({ inner }: { inner: Element[] }) {
  return inner.map((item, index) => (
    <span key={index} style={styleOf(item)}>
      <RichInline item={item} />
    </span>
  ));
}

function styleOf({ style }: Element): React.CSSProperties {
  const on = (style ?? {}) as { bold?: boolean; italic?: boolean; strike?: boolean };
  return {
    ...(on.bold ? { fontWeight: 700 } : {}),
    ...(on.italic ? { fontStyle: 'italic' } : {}),
    ...(on.strike ? { textDecoration: 'line-through' } : {}),
  };
}

function RichInline({ item }: { item: Element }): ReactNode {
  const text = String(item.text ?? '');
  switch (item.type) {
    case 'link': {
      const url = String(item.url ?? '');
      return isSafeUrl(url) ? <TextLink url={url} text={text || url} /> : text;
    }
    case 'user':
      return <InlineText text={`<@${String(item.user_id)}>`} />;
    case 'channel':
      return <InlineText text={`<#${String(item.channel_id)}>`} />;
    case 'broadcast':
      return <InlineText text={`<!${String(item.range)}>`} />;
    case 'emoji':
      return <Emoji name={String(item.name)} />;
    default:
      return (item.style as { code?: boolean } | undefined)?.code ? <code className={classes.code}>{text}</code> : text;
  }
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
