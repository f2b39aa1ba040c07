import { beforeEach, describe, expect, it } from 'vitest';
import { parseParameters } from './parameters.js';
import { sampleClient } from './testing/sample-client.js';
import { basic, createTokenHarness, refusalOf, type TokenHarness } from './token/token-harness.js';

let harness: TokenHarness;
beforeEach(async () => {
  harness = await createTokenHarness();
});

function authenticate(
  authorization: string,
  form: Record<string, string> = {},
  freshness: 'cached' | 'fresh' = 'fresh',
) {
  const parameters = parseParameters(Object.entries(form).map(([name, value]) => ({ name, value })));
  return harness.authentication.authenticate({ authorization, parameters }, freshness);
}

const refused = { error: 'invalid_client', status: 401 };
const contradicting = { error: 'invalid_request', status: 400 };

describe('a confidential client', () => {
  beforeEach(() => harness.register());

  const accepted: [string, string, Record<string, string>][] = [
    ['Basic', basic('conf', 'conf-secret'), {}],
    ['Basic in another case', basic('conf', 'conf-secret').replace('Basic', 'bAsIc'), {}],
    ['the body', '', { client_id: 'conf', client_secret: 'conf-secret' }],
    [
      'Basic and body with the same credentials',
      basic('conf', 'conf-secret'),
      { client_id: 'conf', client_secret: 'conf-secret' },
    ],
    ['Basic and the same client_id', basic('conf', 'conf-secret'), { client_id: 'conf' }],
  ];
  it.each(accepted)('authenticates with %s', async (_, authorization, form) => {
    expect((await authenticate(authorization, form)).client.id).toBe('conf');
  });

  const refusals: [string, string, Record<string, string>][] = [
    ['nothing', '', {}],
    ['its id alone', '', { client_id: 'conf' }],
    ['an empty secret in Basic', basic('conf', ''), {}],
    ['an empty secret in the body', '', { client_id: 'conf', client_secret: '' }],
    ['a secret without id', '', { client_secret: 'conf-secret' }],
    ['a wrong secret in Basic', basic('conf', 'wrong-secret'), {}],
    ['a wrong secret in the body', '', { client_id: 'conf', client_secret: 'wrong-secret' }],
    ['another case of its id', basic('Conf', 'conf-secret'), {}],
    ['another case of its secret', basic('conf', 'Conf-secret'), {}],
    ['a bearer token', 'Bearer abc', {}],
    ['Basic alone', 'Basic', {}],
    ['Basic without colon', `Basic ${Buffer.from('conf').toString('base64')}`, {}],
    ['Basic that is not base64', 'Basic !!!!', {}],
    ['Basic in base64url', `Basic ${Buffer.from('conf:\u00ff\u00fe\u00ff').toString('base64url')}`, {}],
    ['Basic without padding', basic('conf', 'conf-secret!').replace(/=+$/, ''), {}],
    ['Basic with NUL', basic('conf', 'conf-secret\u0000'), {}],
    ['Basic that is not UTF-8', `Basic ${Buffer.from([0x63, 0x3a, 0xff]).toString('base64')}`, {}],
    ['64 KiB of Basic', basic('conf', 'x'.repeat(65_536)), {}],
    ['two headers in one', `${basic('conf', 'conf-secret')}, ${basic('conf', 'conf-secret')}`, {}],
  ];
  it.each(refusals)('is refused with %s', async (_, authorization, form) => {
    expect(await refusalOf(authenticate(authorization, form))).toEqual(refused);
  });

  const contradictions: [string, string, Record<string, string>][] = [
    ['another secret in the body', basic('conf', 'conf-secret'), { client_id: 'conf', client_secret: 'other' }],
    ['another id in the body', basic('conf', 'conf-secret'), { client_id: 'other' }],
    ['a secret in the body and none in Basic', basic('conf', ''), { client_secret: 'conf-secret' }],
    ['an assertion beside Basic', basic('conf', 'conf-secret'), { client_assertion: 'x' }],
    [
      'an assertion beside a secret',
      '',
      { client_id: 'conf', client_secret: 'conf-secret', client_assertion_type: 'x' },
    ],
  ];
  it.each(contradictions)('contradicts itself with %s', async (_, authorization, form) => {
    expect(await refusalOf(authenticate(authorization, form))).toEqual(contradicting);
  });
});

describe('credentials in a Basic header', () => {
  const secrets = [
    'a:b:c:d',
    'per%cent',
    '50%2550',
    'plus+plus',
    'with space',
    'éàüöñß',
    '😀😀😀',
    'a%zz+b',
    '100%+ sure',
    '&=?/&=',
  ];
  it.each(secrets)('with the secret %j are accepted form-encoded and raw', async (secret) => {
    await harness.register({}, secret);
    const encoded = encodeURIComponent(secret).replaceAll('%20', '+');
    expect((await authenticate(basic('conf', encoded))).client.id).toBe('conf');
    expect((await authenticate(basic('conf', secret))).client.id).toBe('conf');
  });

  it('with an id that holds a colon are accepted form-encoded', async () => {
    await harness.register({ id: 'team:billing' });
    expect((await authenticate(basic('team%3Abilling', 'conf-secret'))).client.id).toBe('team:billing');
    expect(await refusalOf(authenticate(basic('team:billing', 'conf-secret')))).toEqual(refused);
  });

  it('with the form-encoded secret match the plain one in the body', async () => {
    await harness.register({}, 'per%cent');
    const form = { client_id: 'conf', client_secret: 'per%cent' };
    expect((await authenticate(basic('conf', 'per%25cent'), form)).client.id).toBe('conf');
    expect((await authenticate(basic('conf', 'per%cent'), form)).client.id).toBe('conf');
  });
});

describe('a client registered with a method', () => {
  const basicOnly = { tokenEndpointAuthMethod: 'client_secret_basic' } as const;
  const postOnly = { tokenEndpointAuthMethod: 'client_secret_post' } as const;
  const form = { client_id: 'conf', client_secret: 'conf-secret' };
  it.each([
    [basicOnly, basic('conf', 'conf-secret'), {}, true],
    [basicOnly, '', form, false],
    [basicOnly, basic('conf', 'conf-secret'), form, true],
    [postOnly, '', form, true],
    [postOnly, basic('conf', 'conf-secret'), {}, false],
    [postOnly, basic('conf', 'conf-secret'), { client_id: 'conf' }, false],
  ])('%j: %s with %j is accepted: %j', async (changes, authorization, body, accepted) => {
    await harness.register(changes);
    const outcome = authenticate(authorization, body);
    if (accepted) expect((await outcome).client.id).toBe('conf');
    else expect(await refusalOf(outcome)).toEqual(refused);
  });
});

describe('a public client', () => {
  beforeEach(() => harness.register({ id: 'pub', public: true }));

  it('is known by its client_id, or by Basic with an empty password', async () => {
    expect((await authenticate('', { client_id: 'pub' })).client.public).toBe(true);
    expect((await authenticate(basic('pub', ''))).client.public).toBe(true);
    expect((await authenticate(basic('pub', ''), { client_id: 'pub' })).client.public).toBe(true);
  });

  it('is refused with a secret, which nobody could check', async () => {
    expect(await refusalOf(authenticate(basic('pub', 'any')))).toEqual(refused);
    expect(await refusalOf(authenticate('', { client_id: 'pub', client_secret: 'any' }))).toEqual(refused);
  });
});

describe('a generated secret', () => {
  it('is 256 random bits, needs no slow hash, and is of that client alone', async () => {
    const { secret, hash } = harness.secrets.generate('generated');
    expect(secret).toMatch(/^cs_[A-Za-z0-9_-]{43}$/);
    expect(hash.kind).toBe('hmac');
    expect(hash.hash).not.toContain(secret.slice(3));
    await harness.clients.insert(sampleClient({ id: 'generated' }), hash);
    await harness.clients.insert(sampleClient({ id: 'other' }), hash);
    expect((await authenticate(basic('generated', secret))).client.id).toBe('generated');
    expect(harness.hasher.calls.verify).toBe(0);
    expect(await refusalOf(authenticate(basic('other', secret)))).toEqual(refused);
  });
});

describe('a chosen secret', () => {
  it('shorter than the least length is refused with the words of the original', async () => {
    await expect(harness.secrets.hash('12345')).rejects.toMatchObject({
      code: 'invalid_client_metadata',
      hint: 'The client secret must be at least 6 characters long',
    });
  });

  it('is accepted with a warning below 32 characters', async () => {
    expect((await harness.secrets.hash('123456')).warnings).toHaveLength(1);
    expect((await harness.secrets.hash('x'.repeat(32))).warnings).toHaveLength(0);
  });

  it.each(['with\u0000nul', 'line\nbreak', 'x'.repeat(1025)])('%j is refused', async (secret) => {
    await expect(harness.secrets.hash(secret)).rejects.toMatchObject({ code: 'invalid_client_metadata' });
  });

  it('costs the slow hash once in five minutes', async () => {
    await harness.register();
    const many = Array.from({ length: 5 }, () => authenticate(basic('conf', 'conf-secret')));
    await Promise.all(many);
    await authenticate(basic('conf', 'conf-secret'));
    expect(harness.hasher.calls.verify).toBe(1);
    harness.advance(5 * 60_000);
    await authenticate(basic('conf', 'conf-secret'));
    expect(harness.hasher.calls.verify).toBe(2);
  });

  it('that is wrong costs the slow hash every time', async () => {
    await harness.register();
    for (let round = 0; round < 3; round++) await refusalOf(authenticate(basic('conf', 'wrong-secret')));
    expect(harness.hasher.calls.verify).toBe(3);
  });
});

describe('a refusal', () => {
  it('costs one slow hash, whoever is asked for', async () => {
    await harness.register();
    await harness.register({ id: 'basic-only', tokenEndpointAuthMethod: 'client_secret_basic' });
    await harness.register({ id: 'pub', public: true });
    await harness.clients.insert(sampleClient({ id: 'generated' }), harness.secrets.generate('generated').hash);
    for (const id of ['conf', 'basic-only', 'pub', 'generated', 'unknown']) {
      harness.hasher.calls.verify = 0;
      await refusalOf(authenticate('', { client_id: id, client_secret: 'wrong-secret' }));
      expect([id, harness.hasher.calls.verify]).toEqual([id, 1]);
    }
  });

  it('never names what was presented', async () => {
    await harness.register();
    await expect(authenticate(basic('conf', 'hunter2-hunter2'))).rejects.not.toThrow(/hunter2/);
  });
});

describe('a cached client', () => {
  it('whose secret was changed elsewhere is read again before it is refused', async () => {
    await harness.register();
    await authenticate(basic('conf', 'conf-secret'), {}, 'cached');
    await harness.clients.update(sampleClient(), (await harness.secrets.hash('next-secret')).hash);
    expect((await authenticate(basic('conf', 'next-secret'), {}, 'cached')).revision).toBe(2);
  });

  it('is not used where a fresh one is asked for', async () => {
    await harness.register();
    await authenticate(basic('conf', 'conf-secret'), {}, 'cached');
    await harness.clients.update(sampleClient(), (await harness.secrets.hash('next-secret')).hash);
    expect(await refusalOf(authenticate(basic('conf', 'conf-secret')))).toEqual(refused);
    await harness.clients.remove('conf');
    expect(await refusalOf(authenticate(basic('conf', 'next-secret')))).toEqual(refused);
  });
});
