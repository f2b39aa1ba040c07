import { describe, expect, it } from 'vitest';
import { readOptions, UsageError } from './options.js';

describe('the command line of the benchmark', () => {
  it('runs everything at length when nothing is said', () => {
    expect(readOptions([])).toEqual({
      only: [],
      quick: false,
      guard: false,
      record: false,
      effort: {},
      earlier: [],
      list: false,
      help: false,
    });
  });

  it('takes scenarios one by one, in a list, in any case', () => {
    expect(readOptions(['--only', 'p-1', '--only', 'P-3,P-9']).only).toEqual(['P-1', 'P-3', 'P-9']);
  });

  it('takes files to write', () => {
    expect(readOptions(['--json', 'a', '--markdown', 'b'])).toMatchObject({ json: 'a', markdown: 'b' });
  });

  it('takes how much is to be done', () => {
    const args = ['--rounds', '7', '--seconds', '2', '--connections', '256', '--sizes', '1000,100'];
    expect(readOptions(args)).toMatchObject({
      effort: { rounds: 7, seconds: 2, connections: 256 },
      sizes: [100, 1000],
    });
  });

  it('takes a file of recorded ratios for the guard', () => {
    const args = ['--guard', '--recorded', 'ratios.json', '--rounds', '1'];
    expect(readOptions(args)).toMatchObject({ guard: true, recorded: 'ratios.json', effort: { rounds: 1 } });
  });

  it.each([
    ['--fast'],
    ['--only'],
    ['--record'],
    ['--recorded', 'ratios.json'],
    ['P-1'],
    ['--rounds', '1.5'],
    ['--seconds', '0.5'],
    ['--connections', 'many'],
    ['--sizes', '10,x'],
  ])('refuses %s', (...args) => {
    expect(() => readOptions(args)).toThrow(UsageError);
  });
});
