import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { workspace } from '../program.js';
import { mutants } from './mutants.js';

describe.each(mutants)('the mutant of $row', ({ row, test, module, from, to }) => {
  it('changes a line that is there, and names a row that is', () => {
    const source = readFileSync(path.join(workspace, module), 'utf8');
    expect(source).toContain(from);
    expect(source.replaceAll(from, to)).not.toBe(source);
    expect(readFileSync(path.join(import.meta.dirname, test), 'utf8')).toContain(`it('${row}`);
  });
});
