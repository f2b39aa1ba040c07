/**
 * Reads one value of a list flag: a line of comma separated values (RFC 4180), where quotes protect commas and `""` inside quotes
 * is a quote. The empty text is the empty list. Throws an Error naming the fault.
 */
export function parseCsv(line: string): string[] {
  if (line === '') return [];
  const fields: string[] = [];
  let at = 0;
  for (;;) {
    const field = line[at] === '"' ? readQuoted(line, at + 1) : readPlain(line, at);
    fields.push(field.value);
    if (field.end >= line.length) return fields;
    at = field.end + 1;
  }
}

type Field = { readonly value: string; readonly end: number };

function readPlain(line: string, start: number): Field {
  const comma = line.indexOf(',', start);
  const end = comma === -1 ? line.length : comma;
  const value = line.slice(start, end);
  if (value.includes('"')) throw new Error(`bare " in non-quoted field of ${line}`);
  return { value, end };
}

function readQuoted(line: string, start: number): Field {
  let value = '';
  let at = start;
  for (;;) {
    const quote = line.indexOf('"', at);
    if (quote === -1) throw new Error(`missing " at the end of ${line}`);
    value += line.slice(at, quote);
    const next = line[quote + 1];
    if (next === undefined || next === ',') return { value, end: quote + 1 };
    if (next !== '"') throw new Error(`extraneous " in field of ${line}`);
    value += '"';
    at = quote + 2;
  }
}
