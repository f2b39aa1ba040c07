import { isReached, type Ratio, type Row, type ScenarioResult } from '../scenario.js';
import { markdownTable } from './markdown-table.js';

/** Columns of a table in their order; one that no row of a group has is left out. */
const columns: readonly (readonly [string, (row: Row) => number | undefined])[] = [
  ['per second', ({ perSecond }) => perSecond],
  ['p50 ms', ({ p50Ms }) => p50Ms],
  ['p99 ms', ({ p99Ms }) => p99Ms],
  ['server us', ({ serverUs }) => serverUs],
  ['database us', ({ databaseUs }) => databaseUs],
  ['x empty handler', ({ timesFloor }) => timesFloor],
  ['transactions', ({ transactions }) => transactions],
  ['memory MB', ({ memoryMb }) => memoryMb],
  ['rounds', ({ rounds }) => rounds],
];

/** Head and body of a table of rows; empty cells where nothing was measured. */
function toTable(rows: readonly Row[]): readonly (readonly string[])[] {
  const used = columns.filter(([, read]) => rows.some((row) => figure(read(row)) !== ''));
  return [
    ['contender', ...used.map(([name]) => name)],
    ...rows.map((row) => [row.contender, ...used.map(([, read]) => figure(read(row)))]),
  ];
}

/** A figure with as many digits as it deserves. */
export function figure(value: number | undefined): string {
  if (value === undefined || Number.isNaN(value)) return '';
  if (value >= 100) return Math.round(value).toLocaleString('en');
  if (value >= 10 || Number.isInteger(value)) return String(Math.round(value * 10) / 10);
  return String(Number(value.toPrecision(3)));
}

/** A ratio as a sentence: value, target, whether it is reached. */
export function ratioCells(ratio: Ratio): readonly [string, string, string, string] {
  const { target, unit } = ratio;
  const bound = target === undefined ? '' : 'atLeast' in target ? `>= ${target.atLeast}` : `<= ${target.atMost}`;
  const verdict = { true: 'reached', false: 'missed', undefined: '' }[`${isReached(ratio)}`];
  return [ratio.name, `${figure(ratio.value)} ${unit}`, bound === '' ? '' : `${bound} ${unit}`, verdict];
}

/** Scenario results for a terminal. */
export function writeTable(results: readonly ScenarioResult[]): string {
  return results.map(tableOf).join('\n');
}

function tableOf({ id, title, rows, ratios, notes, violations }: ScenarioResult): string {
  const lines = [`${id}  ${title}`];
  for (const [work, group] of groupByWork(rows)) lines.push('', `  ${work}`, ...align(toTable(group), 4));
  if (ratios.length > 0) lines.push('', ...align(ratios.map(ratioCells), 4));
  for (const note of notes) lines.push(`    note: ${note}`);
  for (const violation of violations) lines.push(`    VIOLATION: ${violation}`);
  return `${lines.join('\n')}\n`;
}

/** Scenario results for `docs/performance.md`; `judged`: whether the figures are good enough to say what is reached. */
export function writeMarkdownTables({ rows, ratios, notes }: ScenarioResult, judged: boolean): string {
  return [
    ...groupByWork(rows).map(([work, group]) => {
      const [head = [], ...body] = toTable(group);
      return `**${work}**\n\n${markdownTable(head, body)}`;
    }),
    ...(ratios.length === 0 ? [] : [writeRatios(ratios, judged)]),
    ...(notes.length === 0 ? [] : [notes.map((note) => `- ${note}`).join('\n')]),
  ].join('\n\n');
}

/** A Markdown table of ratios, with verdicts or without. */
export function writeRatios(ratios: readonly Ratio[], judged: boolean): string {
  const width = judged ? 4 : 3;
  const head = ['ratio', 'value', 'target', ''].slice(0, width);
  return markdownTable(
    head,
    ratios.map((ratio) => ratioCells(ratio).slice(0, width)),
  );
}

export function groupByWork(rows: readonly Row[]): [string, Row[]][] {
  const groups = new Map<string, Row[]>();
  for (const row of rows) groups.set(row.work, [...(groups.get(row.work) ?? []), row]);
  return [...groups];
}

function align(lines: readonly (readonly string[])[], indent: number): string[] {
  const widths = (lines[0] ?? []).map((_, column) => Math.max(...lines.map((line) => (line[column] ?? '').length)));
  return lines.map((line) => {
    const padded = line.map((cell, column) =>
      column === 0 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0),
    );
    return ' '.repeat(indent) + padded.join('  ').trimEnd();
  });
}
