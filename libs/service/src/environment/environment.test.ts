import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { ConfigError } from '../config.js';
import { readEnvironment } from './environment.js';
import { httpServiceVariables, serviceVariables } from './program-variables.js';
import { unknownVariables } from './unknown-variables.js';

const text = z.string().optional();
const variables = serviceVariables({
  ISSUER: text,
  CONSENT_URL: text,
  ACCESS_TOKEN_LIFESPAN: text,
  GRANT_LIFESPANS: text,
  TOKEN_SECRET: text,
  TOKEN_DATABASE_URL: text,
  REQUIRE_PKCE: text,
});

let folder: string;
beforeAll(() => (folder = mkdtempSync(path.join(tmpdir(), 'castellan-settings-'))));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function file(content: string): string {
  const name = path.join(folder, `${Math.random().toString(36).slice(2)}.yml`);
  writeFileSync(name, content);
  return name;
}

function read(content: string, env: NodeJS.ProcessEnv = {}): NodeJS.ProcessEnv {
  return readEnvironment({ ...env, CASTELLAN_CONFIG: file(content) }, variables);
}

function refusal(run: () => unknown): readonly string[] {
  try {
    run();
  } catch (error) {
    if (error instanceof ConfigError) return error.problems.map((problem) => problem.replace(/^.*\.yml/, 'file'));
    throw error;
  }
  return [];
}

describe('the configuration file', () => {
  it('holds settings by the names of their variables, in any case, nested or not', () => {
    const settings = `
ISSUER: https://id.example
access-token-lifespan: 15m
require_pkce: true
ops_port: 4460
grant_lifespans: [refresh_token_grant_access_token_lifespan=5m, authorization_code_grant_id_token_lifespan=1h]
token:
  database_url: postgres://h/d
  grpc: token:4451
consent: { url: 'https://login.example' }
`;
    expect(read(settings)).toMatchObject({
      ISSUER: 'https://id.example',
      ACCESS_TOKEN_LIFESPAN: '15m',
      REQUIRE_PKCE: 'true',
      OPS_PORT: '4460',
      GRANT_LIFESPANS: 'refresh_token_grant_access_token_lifespan=5m,authorization_code_grant_id_token_lifespan=1h',
      TOKEN_DATABASE_URL: 'postgres://h/d',
      TOKEN_GRPC: 'token:4451',
      CONSENT_URL: 'https://login.example',
    });
  });

  it('gives way to the environment, and to a secret in either form', () => {
    const secret = path.join(folder, 'secret');
    writeFileSync(secret, 'from a file of its own\n');
    expect(read('issuer: https://file', { ISSUER: 'https://env' })['ISSUER']).toBe('https://env');
    expect(read('issuer: https://file', { ISSUER: '' })['ISSUER']).toBe('https://file');
    expect(read('token_secret: in the file', { TOKEN_SECRET_FILE: secret })['TOKEN_SECRET']).toBe(
      'from a file of its own',
    );
    expect(read(`token_secret_file: ${secret}`)['TOKEN_SECRET']).toBe('from a file of its own');
  });

  it('keeps numbers as they are written, and takes an empty file', () => {
    expect(read('token_secret: 0755\n')['TOKEN_SECRET']).toBe('0755');
    expect(read('token_secret: 12345678901234567890\n')['TOKEN_SECRET']).toBe('12345678901234567890');
    expect(read('# nothing\n')['ISSUER']).toBeUndefined();
    expect(read('issuer:\n')['ISSUER']).toBe('');
  });

  it.each([
    ['issuer: a\nconsent_ulr: b\n', ['file:2: CONSENT_ULR is not known; did you mean CONSENT_URL?']],
    ['surprise: 1\nother: 2\n', ['file:1: SURPRISE is not known', 'file:2: OTHER is not known']],
    ['token: { database: x }\n', ['file:1: TOKEN_DATABASE is not known']],
    ['issuer: a\nISSUER: b\n', ['file:2: ISSUER is set twice']],
    ['issuer: a\nissuer: b\n', ['file:2: is no YAML (duplicate key)']],
    ['- issuer\n', ['file:1: must be a map of settings']],
    ['issuer\n', ['file:1: must be a map of settings']],
    ['issuer: [a, [b]]\n', ['file:1: ISSUER must be a text, a number or a list of them']],
    ['grant_lifespans: ["a,b"]\n', ['file:1: GRANT_LIFESPANS: a value of the list holds a comma']],
    [
      'a: &a { issuer: x }\nb: *a\n',
      ['file:1: B must be a text, a number or a list of them', 'file:1: A_ISSUER is not known; did you mean ISSUER?'],
    ],
    ['castellan_config: other.yml\n', ['file:1: CASTELLAN_CONFIG is not known']],
    ['__proto__: { issuer: x }\n', ['file:1: a key is no name of a setting']],
    ['constructor: x\n', ['file:1: CONSTRUCTOR is not known']],
  ])('with %j stops the start', (content, problems) => {
    expect(refusal(() => read(content))).toEqual(problems);
  });

  it('never shows what stands in it, not even where it is no YAML', () => {
    const problems = refusal(() => read('token_secret: "hunter2\nother: hunter2\n'));
    expect(problems).not.toEqual([]);
    expect(problems.join()).not.toContain('hunter2');
    expect(refusal(() => read('hunter2: hunter2\n')).join()).toBe('file:1: HUNTER2 is not known');
  });

  it('that cannot be read is named with the reason', () => {
    const missing = path.join(folder, 'missing.yml');
    expect(refusal(() => readEnvironment({ CASTELLAN_CONFIG: missing }, variables))).toEqual([
      'file: the configuration file cannot be read (ENOENT)',
    ]);
    expect(refusal(() => read(`issuer: ${'x'.repeat(1024 * 1024)}\n`))).toEqual([
      'file: the configuration file is larger than 1 MiB',
    ]);
  });
});

describe('a name in the environment', () => {
  it.each([
    ['CONSENT_ULR', ': is not known; did you mean CONSENT_URL?'],
    ['ACESS_TOKEN_LIFESPAN', ': is not known; did you mean ACCESS_TOKEN_LIFESPAN?'],
    ['ISUER', ': is not known; did you mean ISSUER?'],
    ['Issuer', ': is not known; did you mean ISSUER?'],
    ['TOKEN_SECRET_FIEL', ': is not known; did you mean TOKEN_SECRET_FILE?'],
    ['CASTELLAN_ISSUER', ': is not known'],
    ['CASTELLAN_CONFG', ': is not known; did you mean CASTELLAN_CONFIG?'],
  ])('%s is a slip and stops the start', (name, problem) => {
    expect(refusal(() => readEnvironment({ [name]: 'x' }, variables))[0]).toBe(`${name}${problem}`);
  });

  it.each([
    ['PATH'],
    ['HOME'],
    ['HOSTNAME'],
    ['NODE_OPTIONS'],
    ['KUBERNETES_SERVICE_HOST'],
    ['KUBERNETES_PORT_443_TCP_ADDR'],
    ['CASTELLAN_TOKEN_SERVICE_HOST'],
    ['CASTELLAN_TOKEN_SERVICE_PORT_GRPC'],
    ['CASTELLAN_TOKEN_PORT'],
    ['CASTELLAN_TOKEN_PORT_4451_TCP'],
    ['CASTELLAN_TOKEN_PORT_4451_TCP_PROTO'],
    ['CASTELLAN_DATA'],
    ['npm_config_user_agent'],
    ['OTEL_SERVICE_NAME'],
    ['OTEL_EXPORTER_OTLP_HEADERS'],
    ['REDIS_PORT_6379_TCP'],
    ['HTTPS_PROXY'],
    ['LANG'],
    ['ISSUER'],
  ])('%s is nothing of ours', (name) => {
    expect(unknownVariables({ [name]: 'x' }, httpServiceVariables(variables, { defaultPort: 4444 }))).toEqual([]);
  });

  it('is left alone where the operator says that it is of somebody else', () => {
    const env = { CONSENT_ULR: 'x', CASTELLAN_CHART: 'y', CASTELLAN_FOREIGN_VARIABLES: 'CONSENT_ULR, CASTELLAN_CHART' };
    expect(refusal(() => readEnvironment(env, variables))).toEqual([]);
  });

  it('with an empty value counts as unset', () => {
    expect(refusal(() => readEnvironment({ CONSENT_ULR: '' }, variables))).toEqual([]);
  });
});
