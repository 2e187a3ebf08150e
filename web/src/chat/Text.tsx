// Message text on the page.
import { Anchor } from '@mantine/core';
import { Fragment } from 'react';
import { Link } from 'react-router';
import { t } from '../i18n/text';

import classes from './chat.module.css';
import { Code } from './Code';
import { nameOf, useWorkplace } from './context';
import { emojiOf, useEverything } from './emoji';
import { useOwnEmoji } from './ownEmoji';
import { parseInline, parseMrkdwn, type Inline, type Part } from './mrkdwn';

export function MessageText({ text }: { text: string }) {
  return (
    <div className={classes.text}>
      {parseMrkdwn(text).map((part, index) => (
        <PartView key={index} part={part} />
      ))}
    </div>
  );
}

export function InlineText({ text }: { text: string }) {
  return <Run inner={parseInline(text)} />;
}

function PartView({ part }: { part: Part }) {
  switch (part.kind) {
    case 'pre':
      return <Code text={part.text} language={part.language} />;
    case 'quote':
      return (
        <blockquote className={classes.quote}>
          <Run inner={part.inner} />
        </blockquote>
      );
    case 'list': {
      const items = part.items.map((item, index) => (
        <li key={index}>
          <Run inner={item} />
        </li>
      ));
      return part.isNumbered ? <ol className={classes.list}>{items}</ol> : <ul className={classes.list}>{items}</ul>;
    }
    case 'lines':
      return (
        <div className={classes.lines}>
          <Run inner={part.inner} />
        </div>
      );
  }
}

function Run({ inner }: { inner: Inline[] }) {
  return inner.map((item, index) => (
    <Fragment key={index}>
      <InlineView item={item} />
    </Fragment>
  ));
}

function InlineView({ item }: { item: Inline }) {
  switch (item.kind) {
    case 'text':
      return item.text;
    case 'code':
      return <code className={classes.code}>{item.text}</code>;
    case 'bold':
      return (
        <strong>
          <Run inner={item.inner} />
        </strong>
      );
    case 'italic':
      return (
        <em>
          <Run inner={item.inner} />
        </em>
      );
    case 'strike':
      return (
        <s>
          <Run inner={item.inner} />
        </s>
      );
    case 'link':
      return <TextLink url={item.url} text={item.text} />;
    case 'user':
      return <UserMention id={item.id} />;
    case 'channel':
      return <ChannelMention id={item.id} label={item.label} />;
    case 'broadcast':
      return <Broadcast id={item.id} label={item.label} />;
    case 'emoji':
      return <Emoji name={item.id} />;
  }
}

export function Emoji({ name }: { name: string }) {
  const own = useOwnEmoji().get(name);
  const known = own === undefined ? emojiOf(name) : own.native;
  useEverything(known === undefined);
  const shown = known ?? emojiOf(name);
  if (own !== undefined && own.url !== '') return <img src={own.url} alt={name} title={`:${name}:`} className={classes.ownEmoji} />;
  if (shown === undefined || shown === '') return `:${name}:`;
  return (
    <span role="img" aria-label={name} title={`:${name}:`}>
      {shown}
    </span>
  );
}

// Links to messages open here; links of Volano's own console stay in this tab.
export function TextLink({ url, text }: { url: string; text: string }) {
  const { home } = useWorkplace();
  const inside = insidePath(url, (id) => home.channels.some((seat) => seat.channel.id === id));
  if (inside !== null) {
    return (
      <Anchor component={Link} to={inside} inherit>
        {text}
      </Anchor>
    );
  }
  return (
    <Anchor href={url} target="_blank" rel="noreferrer noopener" inherit>
      {text}
    </Anchor>
  );
}

const PLACES_INSIDE = /^\/(archives|chat|calendar|docs|office|assistants|objects|instances|models|bill|people)(\/|$)/;

function insidePath(url: string, isMine: (channel: string) => boolean): string | null {
  if (!/^https?:/i.test(url)) return null;
  const { origin, pathname, search } = new URL(url);
  const channel = /^\/archives\/([A-Z0-9]+)/.exec(pathname)?.[1];
  const isHere = origin === location.origin ? PLACES_INSIDE.test(pathname) : channel !== undefined && isMine(channel);
  return isHere ? pathname + search : null;
}

function UserMention({ id }: { id: string }) {
  const { users, me, openDirect } = useWorkplace();
  const user = users.get(id);
  return (
    <button type="button" className={id === me.id ? classes.mentionMe : classes.mention} onClick={() => void openDirect(id)}>
      @{nameOf(user, id)}
    </button>
  );
}

function ChannelMention({ id, label }: { id: string; label: string }) {
  const { home, openChannel } = useWorkplace();
  const name = home.channels.find((seat) => seat.channel.id === id)?.channel.name ?? label;
  return (
    <button type="button" className={classes.mention} onClick={() => openChannel(id)}>
      #{name || t('privateChannel')}
    </button>
  );
}

// `here`, `channel`, `date^…` and the like; the label says what a client shows that knows no better.
function Broadcast({ id, label }: { id: string; label: string }) {
  return /^(here|channel|everyone)$/.test(id) ? <span className={classes.mentionMe}>@{id}</span> : label || id.split('^')[0];
}
