import { describe, expect, it } from 'vitest';
import { dataFolder } from './data-folder.js';
import type { Terminal } from './terminal.js';

function withEnv(env: NodeJS.ProcessEnv): Terminal {
  return { programName: 'castellan', env, stdin: process.stdin, stdout: process.stdout, stderr: process.stderr };
}

describe('the data folder', () => {
  it.each([
    [{ CASTELLAN_DATA: '/d', XDG_DATA_HOME: '/x', HOME: '/h' }, 0, '/d'],
    [{ XDG_DATA_HOME: '/x', HOME: '/h' }, 0, '/x/castellan'],
    [{ HOME: '/root' }, 0, '/var/lib/castellan'],
    [{ HOME: '/h', CASTELLAN_DATA: '' }, 1000, '/h/.local/share/castellan'],
  ])('%j of user %i is %s', (env, userId, folder) => {
    expect(dataFolder(withEnv(env), userId)).toBe(folder);
  });
});
