import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { createCommandLine } from '../testing/run-command.js';

const cli = createCommandLine();

/** Paths of a printed document. */
function pathsIn(document: unknown): readonly string[] {
  expect(document).toMatchObject({ openapi: '3.1.0' });
  return Object.keys((document as { readonly paths: object }).paths);
}

describe('openapi', () => {
  it.each([
    ['admin', ['/clients', '/admin/clients'], ['/oauth2/token']],
    ['gateway', ['/oauth2/token', '/oauth2/auth'], ['/clients']],
    ['host', ['/oauth2/token', '/clients'], []],
  ])('prints the document of %s', async (api, there, absent) => {
    const json = await cli.run(['openapi', api]);
    expect([json.exitCode, json.stderr]).toEqual([0, '']);
    const paths = pathsIn(JSON.parse(json.stdout));
    expect(paths).toEqual(expect.arrayContaining(there));
    for (const path of absent) expect(paths).not.toContain(path);
  });

  it('prints it as YAML', async () => {
    const yaml = await cli.run(['openapi', 'gateway', '--format', 'yaml']);
    const json = await cli.run(['openapi', 'gateway']);
    expect(parse(yaml.stdout)).toEqual(JSON.parse(json.stdout));
  });

  it.each([
    [['openapi', 'token'], 'there is no API token; it is admin, gateway or host'],
    [['openapi', 'admin', '--format', 'table'], 'the flag --format must be json or yaml'],
  ])('refuses %j', async (args, text) => {
    const refused = await cli.run(args);
    expect(refused.exitCode).not.toBe(0);
    expect(refused.stderr).toContain(text);
    expect(refused.stdout).toBe('');
  });
});
