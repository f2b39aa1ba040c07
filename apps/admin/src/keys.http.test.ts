import { MAX_DEADLINE_MS, RpcError } from '@castellan/rpc';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';

import { startTestAdmin, type TestAdmin } from './testing/admin-app.js';
import { createBackends, snapshot } from './testing/backends.js';

const PRIVATE = '{"kty":"EC","kid":"k9","d":"secret","x":"x","y":"y"}';
const PUBLIC = '{"kty":"EC","kid":"k9-public","x":"x","y":"y"}';

let admin: TestAdmin;
beforeAll(async () => {
  admin = await startTestAdmin();
});
afterAll(() => admin.close());
beforeEach(() => {
  Object.assign(admin.backends, createBackends());
});

describe('GET /keys/{set}/{kid}', () => {
  const reads: readonly [path: string, body: string][] = [
    ['/keys/s1/private', `{"keys":[${PRIVATE}]}`],
    ['/keys/s1/public', `{"keys":[${PUBLIC}]}`],
    ['/keys/s1/k9', `{"keys":[${PRIVATE}]}`],
  ];
  it.each(reads)('%s answers a set of one key', async (path, body) => {
    const response = await admin.call('GET', path);
    expect([response.statusCode, response.headers['content-type'], response.body]).toEqual([
      200,
      'application/json',
      body,
    ]);
  });

  it('answers the public part as PEM, with its certificates, to who asks for that', async () => {
    const x = '11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo';
    const json = JSON.stringify({ kty: 'OKP', kid: 'k', crv: 'Ed25519', x, d: 'secret' });
    const secret = JSON.stringify({ kty: 'oct', kid: 's', k: 'secret' });
    admin.backends.keys.set('pem', [
      { json, resourceName: 'private' },
      { json: secret, resourceName: 's' },
    ]);
    const accept = { accept: 'application/x-pem-file' };
    const response = await admin.call('GET', '/keys/pem/private', undefined, accept);
    expect([response.statusCode, response.headers['content-type'], response.body]).toEqual([
      200,
      'application/x-pem-file',
      '-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEA11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=\n-----END PUBLIC KEY-----\n',
    ]);
    expect((await admin.call('GET', '/keys/pem/s', undefined, accept)).statusCode).toBe(400);
  });

  it('answers 404 for a key or a set that does not exist', async () => {
    for (const path of ['/keys/s1/nope', '/keys/nope/public']) {
      const response = await admin.call('GET', path);
      expect([response.statusCode, response.json().error.message]).toEqual([404, 'Not found']);
    }
  });

  it('does not give a private key by its key ID to a caller whose policies deny `private`', async () => {
    admin.backends.decide = ({ resource }) => !resource.endsWith(':private');
    expect((await admin.call('GET', '/keys/s1/k9')).statusCode).toBe(403);
  });

  it('answers 403 where the key manager gives a private part to nobody', async () => {
    admin.backends.fails = {
      keys: new RpcError('PERMISSION_DENIED', 'admin may not call castellan.keys.v1.Keys/GetKey'),
    };
    const response = await admin.call('GET', '/keys/s1/private');
    expect([response.statusCode, response.json().error.message]).toEqual([403, 'The request is not allowed']);
  });
});

describe('a caller without a valid token', () => {
  const tokens: readonly [title: string, headers: Record<string, string>][] = [
    ['no token', {}],
    ['an expired token', { authorization: 'Bearer expired' }],
    ['a malformed token', { authorization: 'Bearer a b' }],
  ];

  it.each(tokens)('with %s reads a public key where a policy allows the anonymous subject', async (_title, headers) => {
    admin.backends.decide = ({ subject, resource }) => subject === '' && resource === 'rn:hydra:keys:s1:public';
    const response = await admin.callWithout('GET', '/keys/s1/public', undefined, headers);
    expect([response.statusCode, response.body]).toEqual([200, `{"keys":[${PUBLIC}]}`]);
  });

  it.each(tokens)('with %s reads nothing else, whatever the policies say', async (_title, headers) => {
    admin.backends.decide = () => true;
    for (const path of ['/keys/s1/private', '/keys/s1/k9', '/keys/s1', '/clients', '/keys/s1/publicity']) {
      expect([path, (await admin.callWithout('GET', path, undefined, headers)).statusCode]).toEqual([path, 401]);
    }
    expect((await admin.callWithout('DELETE', '/keys/s1/public', undefined, headers)).statusCode).toBe(401);
  });

  it.each(tokens)('with %s reads no secret that lies under a public name', async (_title, headers) => {
    admin.backends.decide = () => true;
    admin.backends.keys.set('s1', [{ json: PRIVATE, resourceName: 'public' }]);
    const response = await admin.callWithout('GET', '/keys/s1/public', undefined, headers);
    expect(response.statusCode).toBe(403);
    expect(response.body).not.toContain('secret');
  });

  it('without a policy learns nothing of the key', async () => {
    const [there, absent] = await Promise.all(
      ['/keys/s1/public', '/keys/nope/public'].map((path) => admin.callWithout('GET', path)),
    );
    expect([there?.statusCode, there?.headers['www-authenticate']]).toEqual([401, 'Bearer']);
    expect(there?.body).toBe(absent?.body);
  });

  it('but with a valid token is judged by that token', async () => {
    admin.backends.decide = ({ subject }) => subject === '';
    expect((await admin.call('GET', '/keys/s1/public')).statusCode).toBe(403);
  });
});

describe('/keys/{set}', () => {
  it('GET answers every key, private parts first', async () => {
    expect((await admin.call('GET', '/keys/s1')).body).toBe(`{"keys":[${PRIVATE},${PUBLIC}]}`);
  });

  it('GET is refused as a whole when one key is', async () => {
    admin.backends.decide = ({ resource }) => resource.endsWith(':public');
    const response = await admin.call('GET', '/keys/s1');
    expect(response.statusCode).toBe(403);
    expect(response.body).not.toContain('k9');
  });

  it('GET answers 404 for an unknown set to a caller who may read its public key', async () => {
    admin.backends.decide = ({ resource }) => resource === 'rn:hydra:keys:nope:public';
    expect((await admin.call('GET', '/keys/nope')).statusCode).toBe(404);
    expect((await admin.call('GET', '/keys/nope2')).statusCode).toBe(403);
  });

  it('GET opens no set for a caller without a valid token', async () => {
    admin.backends.fails = { keys: new RpcError('INTERNAL', 'the set was opened') };
    for (const [authorization, status] of [['Bearer unknown', 401] as const, ['Bearer no-scope-token', 403] as const]) {
      expect((await admin.callWithout('GET', '/keys/s1', undefined, { authorization })).statusCode).toBe(status);
    }
  });

  it.each(['/keys/s1', '/keys/s1/private'])('GET %s reads once what it asks about and answers', async (path) => {
    let reads = 0;
    const { keys } = admin.backends;
    admin.backends.keys = new Proxy(keys, {
      get: (target, name) => {
        reads += name === 'get' ? 1 : 0;
        const value: unknown = Reflect.get(target, name);
        return typeof value === 'function' ? value.bind(target) : value;
      },
    });
    expect([(await admin.call('GET', path)).statusCode, reads]).toEqual([200, 1]);
  });

  it('POST generates and names the set in Location', async () => {
    const response = await admin.call('POST', '/keys/s%202', '{"alg":"HS256","kid":"x","keys":null}');
    expect([response.statusCode, response.headers.location]).toEqual([201, '/keys/s%202']);
    expect(response.body).toBe('{"keys":[{"kty":"oct","kid":"x","k":"k"}]}');
  });

  it.each(['{"alg":"none"}', '{}', '{"alg":1}', '', '[]'])('POST refuses %s', async (body) => {
    const before = snapshot(admin.backends);
    expect((await admin.call('POST', '/keys/s2', body)).statusCode).toBe(400);
    expect(snapshot(admin.backends)).toBe(before);
  });

  it('POST says which algorithm is unknown', async () => {
    const response = await admin.call('POST', '/keys/s2', '{"alg":"XS256"}');
    expect(response.json().error).toEqual({ code: 400, status: 'Bad Request', message: 'Generator XS256 unknown' });
  });

  it('PUT stores the given keys and answers them', async () => {
    const response = await admin.call('PUT', '/keys/s3', '{"keys":[{"kty":"oct","kid":"a","k":"eA"}]}');
    expect([response.statusCode, response.body]).toEqual([200, '{"keys":[{"kty":"oct","kid":"a","k":"eA"}]}']);
  });

  it.each(['{}', '{"keys":null}', '{"keys":["x"]}', '{"keys":[null]}'])('PUT refuses %s', async (body) => {
    expect((await admin.call('PUT', '/keys/s3', body)).statusCode).toBe(400);
  });

  it('PUT of one key answers the JWK', async () => {
    const response = await admin.call('PUT', '/keys/s1/a', '{"kty":"oct","kid":"a","k":"eA"}');
    expect([response.statusCode, response.body]).toEqual([200, '{"kty":"oct","kid":"a","k":"eA"}']);
  });

  it('DELETE answers 204, and 404 for what does not exist', async () => {
    expect((await admin.call('DELETE', '/keys/s1/k9')).statusCode).toBe(204);
    expect((await admin.call('DELETE', '/keys/s1/k9')).statusCode).toBe(404);
    expect((await admin.call('DELETE', '/keys/s1')).statusCode).toBe(204);
    expect((await admin.call('DELETE', '/keys/s1')).statusCode).toBe(404);
  });

  it('DELETE waits as long as it takes to find another RSA key, which the product makes for its own sets at once', async () => {
    const startedAt = Date.now();
    for (const path of ['/keys/s1/k9', '/keys/s1', '/admin/keys/s1/k9', '/admin/keys/s1'])
      await admin.call('DELETE', path);
    expect(admin.backends.deadlines.map((deadline) => deadline >= startedAt + MAX_DEADLINE_MS)).toEqual(
      Array(4).fill(true),
    );
  });
});

describe('POST /key-imports/{set}', () => {
  it('brings a key along and answers its public part', async () => {
    const response = await admin.call('POST', '/key-imports/s2', '{"pem":"-----BEGIN","kid":"k1","alg":"ES256"}');
    expect([response.statusCode, response.body]).toEqual([201, '{"kty":"EC","kid":"k1"}']);
    const file = await admin.call('POST', '/key-imports/s3', '{"pkcs12":"AAEC","passphrase":"open-sesame"}');
    expect([file.statusCode, file.json().kid]).toEqual([201, 'thumbprint']);
    expect(admin.log.join('')).not.toContain('open-sesame');
  });

  it('refuses what is none', async () => {
    const before = snapshot(admin.backends);
    for (const body of ['{"pem":"bad"}', '{"pkcs12":"not base64!"}', '{"pem":1}']) {
      expect((await admin.call('POST', '/key-imports/s2', body)).statusCode).toBe(400);
    }
    expect(snapshot(admin.backends)).toBe(before);
  });
});
