import { ConfigError } from '@castellan/service';
import { describe, expect, it } from 'vitest';
import { isEmbedded, readHostConfig, withEmbeddedUrl } from './host.config.js';

const flags = { forceHttp: false, grpcPlaintext: false, programName: 'castellan' };
const env = {
  DATABASE_URL: 'postgres://hydra:secret@postgres:5432/hydra?sslmode=disable',
  SYSTEM_SECRET: 'this_needs_to_be_the_same_always_and_also_very_$3cuR3-._',
};

describe('the configuration of host', () => {
  it('takes the variables of the 2017 guide', () => {
    const config = readHostConfig(
      {
        ...env,
        ISSUER: 'https://localhost:9000/',
        CONSENT_URL: 'http://localhost:9020/consent',
        FORCE_ROOT_CLIENT_CREDENTIALS: 'admin:demo-password',
      },
      flags,
    );
    expect(config).toMatchObject({
      issuer: 'https://localhost:9000',
      http: { port: 4444 },
      databaseUrls: { token: env.DATABASE_URL, warden: env.DATABASE_URL, keys: env.DATABASE_URL },
      admin: { rootCredentials: { id: 'admin', secret: 'demo-password' } },
    });
    expect(config.grpc).toBeUndefined();
  });

  it('derives the issuer from the port', () => {
    expect(readHostConfig({ ...env, PORT: '8443' }, flags).issuer).toBe('https://localhost:8443');
    expect(readHostConfig({ ...env, PORT: '8080' }, { ...flags, forceHttp: true }).issuer).toBe(
      'http://localhost:8080',
    );
  });

  it('gives token and warden derived secrets, not the system secret', () => {
    const { token, warden, keys } = readHostConfig(env, flags);
    expect(keys.systemSecret.reveal()).toBe(env.SYSTEM_SECRET);
    expect(token.secret.reveal()).toMatch(/^cds1_token_/);
    expect(warden.secret.reveal()).toMatch(/^cds1_warden_/);
  });

  it.each([
    [
      { ISSUER: 'http://localhost:4444' },
      'Issuer must use HTTPS unless --dangerous-force-http is passed. To find out more, use `castellan help host`.',
    ],
    [{ ISSUER: 'localhost' }, /ISSUER/],
    [{ ISSUER: 'https://h/?a=b' }, /ISSUER/],
    [{ DATABASE_URL: '' }, /^DATABASE_URL is not set.*embedded/],
    [{ DATABASE_URL: 'memory' }, /embedded/],
    [{ DATABASE_URL: 'mysql://u:p@tcp(h:1)/d' }, /embedded/],
    [{ DATABASE_PLUGIN: '/x.so' }, /DATABASE_PLUGIN.*embedded/],
    [{ SYSTEM_SECRET: '' }, /SYSTEM_SECRET is not set.*castellan secrets generate.*csk1_/],
    [{ SYSTEM_SECRET: 'short' }, /SYSTEM_SECRET/],
    [{ FORCE_ROOT_CLIENT_CREDENTIALS: 'a:b:c' }, /FORCE_ROOT_CLIENT_CREDENTIALS/],
    [{ PORT: 'x' }, /PORT/],
    [{ ACCESS_TOKEN_LIFESPAN: 'x' }, /ACCESS_TOKEN_LIFESPAN/],
    [{ HTTPS_TLS_CERT_PATH: '/nowhere' }, /HTTPS_TLS_CERT/],
    [{ GRPC_TLS_CERT_PATH: '/nowhere' }, /GRPC_TLS_/],
    [{ CASTELLAN_ENV: 'production' }, /sslmode/],
  ])('refuses %j in one line', (wrong, message) => {
    let failure: unknown;
    try {
      readHostConfig({ ...env, ...wrong }, flags);
    } catch (error) {
      failure = error;
    }
    expect(failure).toBeInstanceOf(ConfigError);
    expect((failure as Error).message).toMatch(message);
    expect((failure as Error).message).not.toContain('\n');
    expect((failure as Error).message).not.toContain('very_$3cuR3');
  });

  it("opens the Warden's gRPC door where it is asked to, and serves nothing else there", () => {
    const config = readHostConfig({ ...env, GRPC_PORT: '4999' }, { ...flags, grpcPlaintext: true });
    expect(config.grpc).toMatchObject({ listen: { port: 4999, rooms: ['warden'], host: '127.0.0.1' } });
    expect(config.grpc).not.toHaveProperty('targets');
  });

  it('puts the embedded server where it is asked for', () => {
    expect(isEmbedded({ DATABASE_URL: 'embedded' })).toBe(true);
    expect(isEmbedded(env)).toBe(false);
    const mixed = { ...env, DATABASE_URL: 'embedded', KEYS_DATABASE_URL: 'postgres://h/keys' };
    const real = withEmbeddedUrl(mixed, 'postgres://h/embedded');
    expect(readHostConfig(real, flags).databaseUrls).toEqual({
      token: 'postgres://h/embedded',
      warden: 'postgres://h/embedded',
      keys: 'postgres://h/keys',
    });
  });
});
