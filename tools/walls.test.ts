import { execFileSync, spawnSync } from 'node:child_process';
import path from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';

const root = path.resolve(import.meta.dirname, '..');

/** Lints a text as if it stood in the file, and answers the rules it breaks. */
function lint(file: string, text: string): string[] {
  const result = spawnSync(
    'node',
    ['node_modules/eslint/bin/eslint.js', '--stdin', '--stdin-filename', file, '--format', 'json', '--no-color'],
    { cwd: root, input: text, encoding: 'utf8' },
  );
  const reports = JSON.parse(result.stdout) as { messages: { ruleId: string }[] }[];
  return reports.flatMap((report) => report.messages.map((message) => message.ruleId));
}

// The boundary rule says nothing when it finds no project graph; this is the canary that sings when the wall is down.
// Each test starts the linter: five seconds of a processor, which may be busy.
describe('the walls', { timeout: 120_000 }, () => {
  beforeAll(() => {
    execFileSync('npx', ['nx', 'show', 'projects'], {
      cwd: root,
      stdio: 'ignore',
      env: { ...process.env, NX_DAEMON: 'false' },
    });
  }, 120_000);

  it.each([
    ['the domain', 'the database', 'libs/policy/src/index.ts', `import '@castellan/postgres';`],
    ['one room of the domain', 'another', 'libs/policy/src/index.ts', `import '@castellan/oauth2';`],
    ['a service', 'another service', 'apps/token/src/index.ts', `import '@castellan/warden';`],
    ['a door', 'the database', 'apps/gateway/src/index.ts', `import '@castellan/postgres';`],
    ['an adapter', 'the contract', 'libs/postgres/src/index.ts', `import '@castellan/rpc';`],
    ['the consent app', 'the contract', 'apps/consent/src/index.ts', `import '@castellan/rpc';`],
    ['the kit', 'the domain', 'libs/service/src/index.ts', `import '@castellan/oauth2';`],
  ])('%s may not import %s', (_who, _what, file, text) => {
    expect(lint(file, text)).toContain('@nx/enforce-module-boundaries');
  });

  it.each([
    ['a node built-in', `import 'node:fs';`, '@typescript-eslint/no-restricted-imports'],
    ['a package that is not on its list', `import 'pg';`, 'no-restricted-imports'],
    ['Nest', `import '@nestjs/common';`, '@typescript-eslint/no-restricted-imports'],
    ['the clock', `export const now = Date.now();`, 'no-restricted-properties'],
    ['the environment', `export const home = process.env;`, 'no-restricted-globals'],
  ])('the domain may not use %s', (_what, text, rule) => {
    expect(lint('libs/oauth2/src/index.ts', text)).toContain(rule);
  });

  it('policy text never reaches the RegExp of the language', () => {
    expect(lint('libs/policy/src/index.ts', `export const pattern = new RegExp('x');`)).toContain(
      'no-restricted-globals',
    );
  });
});
