// RFC 4180 as a spreadsheet writes it: quoted fields, doubled quotes, line breaks inside quotes.

export function parseCsv(text: string, maxRows: number): string[][] {
  const comma = guessSeparator(text);
  const rows: string[][] = [];
  let row: string[] = [];
  let field = '';
  let quoted = false;
  for (let at = 0; at < text.length && rows.length < maxRows; at += 1) {
    const char = text[at]!;
    if (quoted) {
      if (char !== '"') field += char;
      else if (text[at + 1] === '"') field += text[(at += 1)];
      else quoted = false;
    } else if (char === '"') quoted = true;
    else if (char === comma) {
      row.push(field);
      field = '';
    } else if (char === '\n') {
      rows.push([...row, field]);
      row = [];
      field = '';
    } else if (char !== '\r') field += char;
  }
  if ((field !== '' || row.length > 0) && rows.length < maxRows) rows.push([...row, field]);
  return rows;
}

function guessSeparator(text: string): string {
  const line = text.slice(0, text.indexOf('\n') + 1 || undefined);
  const counts = [',', ';', '\t'].map((char) => [line.split(char).length, char] as const);
  return counts.reduce((best, next) => (next[0] > best[0] ? next : best))[1];
}
