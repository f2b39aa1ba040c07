import { mkdtempSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { keptFile } from './kept-file.js';

describe('a file that is made once', () => {
  it('keeps its text and is readable by its owner only', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'castellan-kept-'));
    const path = join(folder, 'below', 'secret');
    expect(await keptFile(path, () => 'first')).toBe('first');
    expect(await keptFile(path, () => 'second')).toBe('first');
    expect(readFileSync(path, 'utf8')).toBe('first\n');
    expect(statSync(path).mode & 0o777).toBe(0o600);
  });

  it('has one text when many make it at once', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'castellan-kept-'));
    const path = join(folder, 'secret');
    const texts = await Promise.all(Array.from({ length: 20 }, (_, index) => keptFile(path, () => `text ${index}`)));
    expect(new Set(texts).size).toBe(1);
    expect(readdirSync(folder)).toEqual(['secret']);
  });
});
