import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { parseAddressList } from './address-list.js';
import {
  ConfigError,
  addressListSchema,
  booleanSchema,
  commaListSchema,
  durationSchema,
  integerSchema,
  portSchema,
  readConfig,
  urlSchema,
} from './config.js';
import { readCorsConfig } from './http/cors.js';
import { readHttpConfig, requireTransport } from './http/http.config.js';
import { createLoggerFromEnv } from './logger.config.js';
import { readRpcConfig } from './rpc/rpc.config.js';
import { createTestAuthority } from './testing/certificates.js';

function messageOf(read: () => unknown): string {
  try {
    read();
  } catch (error) {
    if (error instanceof ConfigError) return error.message;
    throw error;
  }
  return 'accepted';
}

describe('the configuration', () => {
  it('names every variable that is bad in one line, and never its value', () => {
    const schema = z.object({
      A: durationSchema,
      B: portSchema,
      C: urlSchema,
      D: z.string(),
      E: z.string().min(16, 'is too short'),
    });
    const message = messageOf(() =>
      readConfig(schema, { A: '5 minutes', B: '70000', C: 'ftp://u:hunter2@x', D: '', E: 'hunter2' }),
    );
    expect(message).toBe(
      'A: must be a duration such as 1h30m, 90s or 500ms; B: must be a port (0 to 65535); ' +
        'C: must be an absolute http or https URL; D: is required; E: is too short',
    );
  });

  it('takes an empty variable for an absent one', () => {
    expect(readConfig(z.object({ A: durationSchema.default(7), B: z.string().optional() }), { A: '', B: '' })).toEqual({
      A: 7,
    });
  });

  it.each([
    ['1h30m', 5_400_000],
    ['90s', 90_000],
    ['500ms', 500],
    ['1.5s', 1_500],
    ['.5h', 1_800_000],
    ['250us', 0.25],
    ['1\u00b5s', 0.001],
    ['10ns', 0.00001],
    ['0', 0],
    ['336h', 1_209_600_000],
  ])('reads the duration %s', (text, milliseconds) => {
    expect(durationSchema.parse(text)).toBeCloseTo(milliseconds, 9);
  });

  it.each([
    '',
    '5',
    '-5s',
    '+5s',
    '1d',
    '5 s',
    's',
    '1h 30m',
    '1e3s',
    '1..5s',
    '1h-30m',
    'Infinity',
    `${'9'.repeat(60)}h`,
  ])('refuses the duration %j', (text) => {
    expect(durationSchema.safeParse(text).success).toBe(false);
  });

  it.each([
    [booleanSchema, '1', true],
    [booleanSchema, 'TRUE', true],
    [booleanSchema, 'false', false],
    [integerSchema, '12', 12],
    [portSchema, '0', 0],
    [urlSchema, 'https://localhost:4444', 'https://localhost:4444'],
    [commaListSchema, ' a, ,b ', ['a', 'b']],
  ])('reads values (%#)', (schema, text, expected) => {
    expect(schema.parse(text)).toEqual(expected);
  });

  it.each([
    [booleanSchema, 'maybe'],
    [integerSchema, '-1'],
    [integerSchema, '1e3'],
    [portSchema, '4444x'],
    [urlSchema, 'localhost:4444'],
    [urlSchema, '/path'],
    [addressListSchema, '10.0.0.0/33'],
    [addressListSchema, '10.0.0/8'],
    [addressListSchema, 'example.com'],
    [addressListSchema, ','],
    [addressListSchema, '10.0.0.0/8/8'],
  ])('refuses values (%#)', (schema, text) => {
    expect(schema.safeParse(text).success).toBe(false);
  });

  it('of networks covers both families and IPv4 inside IPv6', () => {
    const list = parseAddressList('10.0.0.1/8, 192.168.1.7, fd00::/8');
    const covered = ['10.255.0.1', '::ffff:10.1.1.1', '192.168.1.7', 'fd12::1'];
    const others = ['11.0.0.1', '192.168.1.8', 'fe80::1', '::1', '', 'x', '::ffff:11.1.1.1', '010.0.0.1'];
    expect(covered.map((address) => list?.includes(address))).toEqual(covered.map(() => true));
    expect(others.map((address) => list?.includes(address))).toEqual(others.map(() => false));
  });

  it('of the log is one of the known words', () => {
    expect(messageOf(() => createLoggerFromEnv({ LOG_LEVEL: 'loud', LOG_FORMAT: 'xml' }))).toBe(
      'LOG_LEVEL: must be one of panic, fatal, error, warn, info, debug; LOG_FORMAT: must be one of text, json',
    );
  });
});

describe('the configuration of an HTTP edge', () => {
  const options = { defaultPort: 4444 };

  it('says what is missing when nothing says how to serve', () => {
    expect(messageOf(() => requireTransport(readHttpConfig({}, options)))).toMatch(
      /HTTPS_TLS_CERT_PATH and HTTPS_TLS_KEY_PATH, or HTTPS_ALLOW_TERMINATION_FROM .*--dangerous-force-http/,
    );
  });

  it('takes certificates as text with escaped line ends, and only with their key', async () => {
    const pair = await (await createTestAuthority()).issue([]);
    const env = { HTTPS_TLS_CERT: pair.cert.replaceAll('\n', '\\n'), HTTPS_TLS_KEY: pair.key.replaceAll('\n', '\\n') };
    const config = readHttpConfig({ ...env, PORT: '1', HOST: '127.0.0.1' }, options);
    expect(config).toMatchObject({ port: 1, host: '127.0.0.1', transport: { kind: 'https', certificate: pair } });
    expect(messageOf(() => readHttpConfig({ ...env, HTTPS_TLS_KEY: 'c' }, options))).toContain(
      'no certificate with its key',
    );
    expect(messageOf(() => readHttpConfig({ HTTPS_TLS_CERT: 'a' }, options))).toContain('HTTPS_TLS_KEY_PATH');
    const absent = { HTTPS_TLS_CERT_PATH: '/nowhere/x', HTTPS_TLS_KEY: 'k' };
    expect(messageOf(() => readHttpConfig(absent, options))).toBe('HTTPS_TLS_CERT_PATH: the file cannot be read');
  });

  it('prefers forced http, then termination, then a certificate', () => {
    const env = { HTTPS_ALLOW_TERMINATION_FROM: '10.0.0.0/8', HTTPS_TLS_CERT: 'a', HTTPS_TLS_KEY: 'b' };
    expect(readHttpConfig(env, { ...options, forceHttp: true }).transport?.kind).toBe('http');
    expect(readHttpConfig(env, options).transport?.kind).toBe('terminated');
    expect(readHttpConfig({ ADMIN_PORT: '4446' }, { defaultPort: 1, portVariable: 'ADMIN_PORT' }).port).toBe(4446);
  });

  it.each([
    '*',
    'null',
    'https://app.example/',
    'https://APP.example',
    'app.example',
    'https://*.example',
    'https://app.example/path',
  ])('refuses the origin %s', (origin) => {
    expect(messageOf(() => readCorsConfig({ CORS_ALLOWED_ORIGINS: origin }))).toContain('CORS_ALLOWED_ORIGINS');
  });

  it('has CORS off by default', () => {
    expect(readCorsConfig({ CORS_ALLOWED_METHODS: 'GET' })).toBeUndefined();
    expect(readCorsConfig({ CORS_ALLOWED_ORIGINS: 'https://a.example,http://localhost:3000' })?.origins).toHaveLength(
      2,
    );
  });
});

describe('the configuration of gRPC', () => {
  it('demands certificates unless plaintext stays on loopback', () => {
    expect(messageOf(() => readRpcConfig({}, 'keys'))).toContain('GRPC_TLS_CERT_PATH');
    const plaintext = { GRPC_DANGEROUS_PLAINTEXT: '1' };
    expect(readRpcConfig(plaintext, 'keys')).toMatchObject({
      listen: { host: '127.0.0.1', port: 4453 },
      security: { kind: 'plaintext' },
    });
    expect(messageOf(() => readRpcConfig({ ...plaintext, GRPC_HOST: '0.0.0.0' }, 'keys'))).toContain(
      'stays on loopback',
    );
    for (const target of ['keys:4453', 'dns:///keys:4453', '10.0.0.1:4453', 'ipv4:10.0.0.1:4453']) {
      expect(messageOf(() => readRpcConfig({ ...plaintext, KEYS_GRPC: target }, 'token'))).toContain(
        'stays on loopback',
      );
    }
    for (const target of ['localhost:1', '127.0.0.1:1', '[::1]:1', 'dns:///localhost:1', 'unix:/run/keys.sock']) {
      expect(messageOf(() => readRpcConfig({ ...plaintext, KEYS_GRPC: target }, 'token'))).toBe('accepted');
    }
  });

  it('has a port for services, none for doors, and no reflection in production', () => {
    const plaintext = { GRPC_DANGEROUS_PLAINTEXT: 'true' };
    expect(readRpcConfig(plaintext, 'gateway')).not.toHaveProperty('listen');
    expect(readRpcConfig({ ...plaintext, GRPC_PORT: '0' }, 'warden').listen?.port).toBe(0);
    expect(readRpcConfig(plaintext, 'token').reflection).toBe(true);
    expect(readRpcConfig({ ...plaintext, CASTELLAN_ENV: 'production' }, 'token').reflection).toBe(false);
    expect(readRpcConfig({ ...plaintext, CASTELLAN_ENV: 'production', GRPC_REFLECTION: '1' }, 'token').reflection).toBe(
      true,
    );
    expect(
      readRpcConfig({ ...plaintext, WARDEN_CALLERS: 'spiffe://a/b, spiffe://c/d' }, 'warden').clientPeers,
    ).toHaveLength(2);
  });
});
