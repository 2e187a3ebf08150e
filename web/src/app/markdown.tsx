// Markdown as people write it in documents, to React elements: no HTML passes through.
import { Anchor, Code, Table, Text, Title, Typography } from '@mantine/core';
import type { ReactNode } from 'react';

const MAX_QUOTES = 8; // in each other

export function Markdown({ text }: { text: string }) {
  return <Typography>{blocks(text.replace(/\r\n/g, '\n').split('\n'))}</Typography>;
}

function blocks(lines: string[], depth = 0): ReactNode[] {
  const made: ReactNode[] = [];
  let at = 0;
  const takeWhile = (test: (line: string) => boolean): string[] => {
    const start = at;
    while (at < lines.length && test(lines[at]!)) at += 1;
    return lines.slice(start, at);
  };
  while (at < lines.length) {
    const line = lines[at]!;
    const heading = /^(#{1,6})\s+(.*)$/.exec(line);
    if (line.trim() === '') at += 1;
    else if (heading) {
      at += 1;
      made.push(
        <Title key={at} order={Math.min(6, heading[1]!.length + 2) as 3 | 4 | 5 | 6} fz={heading[1]!.length === 1 ? 20 : 16}>
          {inline(heading[2]!)}
        </Title>,
      );
    } else if (line.startsWith('```')) {
      at += 1;
      const body = takeWhile((next) => !next.startsWith('```'));
      at += 1;
      made.push(
        <Code key={at} block>
          {body.join('\n')}
        </Code>,
      );
    } else if (/^\s*([-*+]|\d+\.)\s/.test(line)) {
      const items = takeWhile((next) => /^\s*([-*+]|\d+\.)\s/.test(next) || /^\s{2,}\S/.test(next));
      made.push(list(items, at));
    } else if (line.startsWith('|')) made.push(table(takeWhile((next) => next.startsWith('|')), at));
    else if (line.startsWith('>') && depth < MAX_QUOTES) {
      const quoted = takeWhile((next) => next.startsWith('>')).map((next) => next.replace(/^>\s?/, ''));
      made.push(<blockquote key={at}>{blocks(quoted, depth + 1)}</blockquote>);
    } else if (/^(-{3,}|\*{3,})$/.test(line.trim())) {
      at += 1;
      made.push(<hr key={at} />);
    } else {
      const paragraph = takeWhile((next) => next.trim() !== '' && !/^(#{1,6}\s|```|>|\||\s*[-*+]\s)/.test(next));
      if (paragraph.length === 0) at += 1;
      made.push(
        <Text key={at} size="sm" mb="sm">
          {inline((paragraph.length > 0 ? paragraph : [line]).join(' '))}
        </Text>,
      );
    }
  }
  return made;
}

function list(lines: string[], key: number): ReactNode {
  const items: string[] = [];
  for (const line of lines) {
    const found = /^\s*(?:[-*+]|\d+\.)\s+(.*)$/.exec(line);
    if (found) items.push(found[1]!);
    else items[items.length - 1] += ` ${line.trim()}`;
  }
  const rows = items.map((item, index) => <li key={index}>{inline(item)}</li>);
  return /^\s*\d/.test(lines[0]!) ? <ol key={key}>{rows}</ol> : <ul key={key}>{rows}</ul>;
}

function table(lines: string[], key: number): ReactNode {
  const cells = (line: string) => line.replace(/^\||\|\s*$/g, '').split('|').map((cell) => cell.trim());
  const [head, ...rest] = lines.filter((line) => !/^[|:\s-]+$/.test(line)).map(cells);
  return (
    <Table.ScrollContainer key={key} minWidth={300}>
      <Table data={{ head: head?.map(inline), body: rest.map((row) => row.map(inline)) }} />
    </Table.ScrollContainer>
  );
}

const MARKS = /(`[^`]+`|\*\*[^*]+\*\*|__[^_]+__|\*[^*\s][^*]*\*|!?\[[^[\]]+\]\([^)\s]{1,2000}\))/;

export function inline(text: string): ReactNode {
  return text.split(MARKS).map((part, index) => {
    if (/^`.+`$/.test(part)) return <Code key={index}>{part.slice(1, -1)}</Code>;
    if (/^(\*\*|__).+\1$/.test(part)) return <strong key={index}>{part.slice(2, -2)}</strong>;
    if (/^\*.+\*$/.test(part)) return <em key={index}>{part.slice(1, -1)}</em>;
    const link = /^!?\[([^\]]+)\]\(([^)]+)\)$/.exec(part);
    if (link && part.startsWith('!')) return <em key={index}>{link[1]}</em>; // a picture is only named
    if (link) return <SafeLink key={index} href={link[2]!} text={link[1]!} />;
    return part;
  });
}

function SafeLink({ href, text }: { href: string; text: string }) {
  if (!/^(https?:|mailto:)/.test(href)) return <span>{text}</span>;
  return (
    <Anchor href={href} target="_blank" rel="noreferrer" inherit>
      {text}
    </Anchor>
  );
}
