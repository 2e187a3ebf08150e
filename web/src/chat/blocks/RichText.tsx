// Rich text: sections, lists, quotes and code, with everything that can stand in a line.
import type { ReactNode } from 'react';

import { writeDate } from '../../i18n/dates';
import classes from '../chat.module.css';
import { Code } from '../Code';
import { isSafeUrl } from '../mrkdwn';
import { Emoji, InlineText, TextLink } from '../Text';
import { elementsOf, type Element } from './surface';

export function RichPart({ element }: { element: Element }) {
  const inner = elementsOf(element);
  switch (element.type) {
    case 'rich_text_preformatted':
      return <Code text={inner.map((item) => String(item.text ?? item.url ?? '')).join('')} language={String(element.language ?? '')} />;
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
  const on = (style ?? {}) as { bold?: boolean; italic?: boolean; strike?: boolean; underline?: boolean };
  return {
    ...(on.bold ? { fontWeight: 700 } : {}),
    ...(on.italic ? { fontStyle: 'italic' } : {}),
    ...(on.strike ? { textDecoration: 'line-through' } : {}),
    ...(on.underline ? { textDecoration: 'underline' } : {}),
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
    case 'usergroup':
      return <InlineText text={`<!subteam^${String(item.usergroup_id)}>`} />;
    case 'color':
      return <span style={{ borderLeft: `1em solid ${/^#[0-9a-f]{6}$/i.test(String(item.value)) ? String(item.value) : 'gray'}` }}> {String(item.value)}</span>;
    case 'date':
      return String(item.fallback ?? writeDate(new Date(Number(item.timestamp) * 1000), { dateStyle: 'medium', timeStyle: 'short' }));
    case 'emoji':
      return <Emoji name={String(item.name)} />;
    default:
      return (item.style as { code?: boolean } | undefined)?.code ? <code className={classes.code}>{text}</code> : text;
  }
}
