import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { drawBars, drawLines } from './chart.js';
import { withEarlier } from './earlier.js';
import { markdownTable } from './markdown-table.js';
import { figure, ratioCells, writeTable } from './table.js';

describe('the report', () => {
  it.each([
    [1234.5, '1,235'],
    [12.34, '12.3'],
    [0.012345, '0.0123'],
    [NaN, ''],
    [undefined, ''],
  ])('writes %d as %s', (value, text) => {
    expect(figure(value)).toBe(text);
  });

  it('says whether a target is reached', () => {
    const ratio = { name: 'r', value: 4.2, unit: 'x' as const };
    expect(ratioCells({ ...ratio, target: { atLeast: 4 } })).toEqual(['r', '4.2 x', '>= 4 x', 'reached']);
    expect(ratioCells({ ...ratio, target: { atMost: 4 } })).toEqual(['r', '4.2 x', '<= 4 x', 'missed']);
    expect(ratioCells(ratio)).toEqual(['r', '4.2 x', '', '']);
  });

  it('lays Markdown tables out as prettier does', () => {
    expect(markdownTable(['a', 'b'], [['long name', '1']])).toBe(
      '| a         |   b |\n| --------- | --: |\n| long name |   1 |',
    );
  });

  it('groups rows by the work done', () => {
    const row = { contender: 'one', work: 'W1', perSecond: 10 };
    const result = { id: 'P-0', title: 'T', ratios: [], notes: [], violations: ['wrong'] };
    const text = writeTable([{ ...result, rows: [row, { ...row, work: 'W2' }] }]);
    expect(text).toMatch(/W1[^]*one[^]*W2[^]*one[^]*VIOLATION: wrong/);
  });

  it('takes from an earlier run what this one did not do, and says so', () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'castellan-bench-test-'));
    const file = path.join(folder, 'earlier.json');
    const result = { title: '', rows: [], ratios: [], notes: [], violations: [] };
    const machine = { startedAt: 'yesterday', commit: 'abc', node: 'v20' };
    writeFileSync(file, JSON.stringify({ machine, results: ['P-1', 'P-13'].map((id) => ({ ...result, id })) }));
    const all = withEarlier([{ ...result, id: 'P-1' }], [file]);
    rmSync(folder, { recursive: true });
    expect(all.map(({ id, origin }) => [id, origin?.includes('yesterday')])).toEqual([
      ['P-1', undefined],
      ['P-13', true],
    ]);
  });

  it('leaves out a column that no row of a group has', () => {
    const row = { contender: 'one', work: 'W1', transactions: 0.5 };
    const result = { id: 'P-0', title: 'T', ratios: [], notes: [], violations: [], rows: [row] };
    expect(writeTable([result])).toContain('transactions');
    expect(writeTable([result])).not.toContain('per second');
  });

  it('draws charts as well-formed SVG whatever the labels say', () => {
    const chart = drawBars('a < b', '/s', [{ label: 'work', bars: [{ label: '<&"', value: 1, ours: true }] }]);
    expect(chart).toContain('&lt;&amp;&quot;');
    expect(chart.match(/<svg/g)).toHaveLength(1);
    const lines = drawLines('growth', 'us', [
      { label: 'one', ours: true, points: [10, 1000].map((x) => ({ x, y: x / 10 })) },
    ]);
    expect(lines).toContain('<polyline');
    expect(lines).not.toContain('NaN');
  });
});
