import { describe, expect, it } from 'vitest';
import { readOptions, UsageError } from './options.js';

describe('the command line of the benchmark', () => {
  it('runs everything at length when nothing is said', () => {
    expect(readOptions([])).toEqual({ only: [], quick: false, guard: false, record: false, list: false, help: false });
  });

  it('takes scenarios one by one, in a list, in any case', () => {
    expect(readOptions(['--only', 'p-1', '--only', 'P-3,P-9']).only).toEqual(['P-1', 'P-3', 'P-9']);
  });

  it('takes files to write', () => {
    expect(readOptions(['--json', 'a', '--markdown', 'b'])).toMatchObject({ json: 'a', markdown: 'b' });
  });

  it.each([['--fast'], ['--only'], ['--record'], ['P-1']])('refuses %s', (...args) => {
    expect(() => readOptions(args)).toThrow(UsageError);
  });
});
