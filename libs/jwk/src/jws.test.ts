import {
  createHmac,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type JsonWebKey,
  type KeyObject,
  randomBytes,
  sign,
} from 'node:crypto';
import { CompactSign, compactVerify, importJWK, type JWK } from 'jose';
import { describe, expect, it } from 'vitest';
import { signatureAlgorithms } from './algorithm.js';
import { generateKey } from './generate-key.js';
import { type Jwk, publicPart } from './jwk.js';
import { signJws } from './jws-sign.js';
import { openSigner } from './signer.js';
import { type JwsVerification, verifyJws, verifyJwt } from './jws-verify.js';

const algorithms = signatureAlgorithms.map(({ name }) => name);
const keys = new Map<string, Jwk>();
for (const name of algorithms) keys.set(name, await generateKey(name, { rsaBits: 2048, randomBytes }));

function keyOf(algorithm: string): Jwk {
  const jwk = keys.get(algorithm);
  if (jwk === undefined) throw new Error('no such key');
  return jwk;
}

function privateKeyOf(jwk: Jwk): KeyObject {
  return createPrivateKey({ key: jwk as JsonWebKey, format: 'jwk' });
}

function verifier(jwk: Jwk): Jwk {
  return publicPart(jwk) ?? jwk;
}

function encode(part: unknown): string {
  return Buffer.from(typeof part === 'string' ? part : JSON.stringify(part)).toString('base64url');
}

/** A JWS with any header, signed with the key and digest of RS256, ES256 or HS256 whatever the header says. */
function forge(header: unknown, payload: unknown, algorithm = 'RS256', key = keyOf(algorithm)): string {
  const input = Buffer.from(`${encode(header)}.${encode(payload)}`);
  const signature =
    algorithm === 'HS256'
      ? createHmac('sha256', Buffer.from(key.k ?? '', 'base64url'))
          .update(input)
          .digest()
      : sign('sha256', input, { key: privateKeyOf(key), dsaEncoding: 'ieee-p1363' });
  return `${input.toString()}.${signature.toString('base64url')}`;
}

function refusal(jws: string, jwks: readonly Jwk[], options: Partial<JwsVerification> = {}): string {
  try {
    verifyJws(jws, jwks, { algorithms, ...options });
  } catch (cause) {
    return (cause as { code: string }).code;
  }
  return 'accepted';
}

describe('JWS of the RFCs', () => {
  it('RFC 7515 appendix A.1 (HS256) verifies, byte for byte', () => {
    const jws =
      'eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvb' +
      'S9pc19yb290Ijp0cnVlfQ.dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk';
    const k = 'AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow';
    const { claims } = verifyJwt(jws, [{ kty: 'oct', k }], { algorithms: ['HS256'] });
    expect(claims).toEqual({ iss: 'joe', exp: 1300819380, 'http://example.com/is_root': true });
  });

  it('RFC 7515 appendix A.3 (ES256) verifies', () => {
    const jws =
      'eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.' +
      'DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q';
    const key = {
      kty: 'EC',
      crv: 'P-256',
      x: 'f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU',
      y: 'x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0',
    };
    expect(verifyJws(jws, [key], { algorithms: ['ES256'] }).header).toEqual({ alg: 'ES256' });
  });

  it('RFC 8037 appendix A.4 (EdDSA) verifies and is what we sign', async () => {
    const key = {
      kty: 'OKP',
      crv: 'Ed25519',
      d: 'nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A',
      x: '11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo',
    };
    const jws =
      'eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc.hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4i' +
      'ylGjg5BhVsPt9g7sVvpAr_MuM0KAg';
    expect(await signJws('Example of Ed25519 signing', openSigner(key))).toBe(jws);
    expect(verifyJws(jws, [verifier(key)], { algorithms: ['EdDSA'] }).payload.toString()).toBe(
      'Example of Ed25519 signing',
    );
  });
});

describe.each(algorithms)('JWS %s', (algorithm) => {
  const key = keyOf(algorithm);

  it('signed here verifies here and with jose', async () => {
    const jws = await signJws('{"b":1,"a":2}', openSigner(key), { typ: 'JWT', kid: 'k' });
    expect(Buffer.from(jws.split('.')[0] ?? '', 'base64url').toString()).toBe(
      `{"alg":"${algorithm}","typ":"JWT","kid":"k"}`,
    );
    expect(verifyJws(jws, [{ ...verifier(key), kid: 'k' }], { algorithms }).payload.toString()).toBe('{"b":1,"a":2}');
    const verified = await compactVerify(jws, await importJWK(verifier(key) as JWK, algorithm));
    expect(Buffer.from(verified.payload).toString()).toBe('{"b":1,"a":2}');
  });

  it('signed with jose verifies here', async () => {
    const jws = await new CompactSign(Buffer.from('{}'))
      .setProtectedHeader({ alg: algorithm })
      .sign(await importJWK(key as JWK, algorithm));
    expect(verifyJwt(jws, [verifier(key)], { algorithms }).claims).toEqual({});
  });

  it('does not verify with another key, another payload, or a cut or empty signature', async () => {
    const jws = await signJws('{}', openSigner(key));
    const [head, , tail = ''] = jws.split('.');
    const other = await generateKey(algorithm, { rsaBits: 2048, randomBytes });
    expect(refusal(jws, [verifier(other)])).toBe('signature');
    expect(refusal(`${head}.${encode('{"a":1}')}.${tail}`, [verifier(key)])).toBe('signature');
    expect(refusal(`${head}.${encode('{}')}.`, [verifier(key)])).toBe('signature');
    const cut = Buffer.from(tail, 'base64url').subarray(0, -1).toString('base64url');
    expect(refusal(`${head}.${encode('{}')}.${cut}`, [verifier(key)])).toBe('signature');
  });

  it('does not verify where its algorithm is not accepted', async () => {
    const jws = await signJws('{}', openSigner(key));
    expect(refusal(jws, [verifier(key)], { algorithms: algorithms.filter((name) => name !== algorithm) })).toBe(
      'algorithm',
    );
  });
});

describe('JWS verification', () => {
  const rsa = verifier(keyOf('RS256'));

  it.each(['RS256', 'RS384', 'RS512'])(
    'takes %s of a key that names no algorithm, as consent apps sign',
    async (alg) => {
      const { alg: _alg, ...unnamed } = keyOf('RS256');
      const jws = await new CompactSign(Buffer.from('{}'))
        .setProtectedHeader({ alg })
        .sign(await importJWK(unnamed as JWK, alg));
      const accepted = { algorithms: ['RS256', 'RS384', 'RS512'] };
      expect(refusal(jws, [verifier(unnamed)], accepted)).toBe('accepted');
      expect(refusal(jws, [rsa], accepted)).toBe(alg === 'RS256' ? 'accepted' : 'key');
    },
  );

  it.each([
    ['alg none', { alg: 'none' }, 'algorithm'],
    ['alg nOnE', { alg: 'nOnE' }, 'algorithm'],
    ['no alg', {}, 'algorithm'],
    ['an alg that is a list', { alg: ['RS256'] }, 'algorithm'],
    ['an alias that is no alg', { alg: 'ES521' }, 'algorithm'],
    ['a name of the prototype', { alg: 'constructor' }, 'algorithm'],
    ['crit', { alg: 'RS256', crit: ['exp'], exp: 1 }, 'critical'],
    ['an empty crit', { alg: 'RS256', crit: [] }, 'critical'],
    ['b64', { alg: 'RS256', b64: true }, 'critical'],
    ['a kid that is an object', { alg: 'RS256', kid: {} }, 'malformed'],
    ['a kid that is null', { alg: 'RS256', kid: null }, 'malformed'],
    ['a typ that is a list', { alg: 'RS256', typ: ['JWT'] }, 'malformed'],
    ['a kid of nobody', { alg: 'RS256', kid: '../../../dev/null' }, 'key'],
    ['kid __proto__', { alg: 'RS256', kid: '__proto__' }, 'key'],
    ['alg named twice', '{"alg":"RS256","alg":"RS256"}', 'malformed'],
    ['a header that is a list', '["RS256"]', 'malformed'],
    ['a header too deep', `{"alg":"RS256","x":${'['.repeat(50)}${']'.repeat(50)}}`, 'malformed'],
  ])('refuses a good signature under %s', (_name, header, code) => {
    expect(refusal(forge(header, {}), [rsa], { algorithms: [...algorithms, 'none', 'ES521', 'constructor'] })).toBe(
      code,
    );
  });

  it('refuses an HMAC made with any spelling of a public key', () => {
    const spki = createPublicKey({ key: rsa as JsonWebKey, format: 'jwk' });
    const spellings = [
      spki.export({ type: 'spki', format: 'pem' }),
      spki.export({ type: 'spki', format: 'der' }),
      spki.export({ type: 'pkcs1', format: 'pem' }),
      Buffer.from(JSON.stringify(rsa)),
      Buffer.from(rsa.n ?? '', 'base64url'),
    ];
    for (const spelling of spellings) {
      const k = Buffer.from(spelling).toString('base64url');
      const forged = forge({ alg: 'HS256' }, {}, 'HS256', { kty: 'oct', k });
      expect(refusal(forged, [rsa])).toBe('key');
    }
  });

  it('never takes a key from the header', () => {
    const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const header = {
      alg: 'RS256',
      jwk: publicKey.export({ format: 'jwk' }),
      jku: 'https://evil.example',
      x5c: ['AAAA'],
    };
    expect(refusal(forge(header, {}, 'RS256', privateKey.export({ format: 'jwk' }) as Jwk), [rsa])).toBe('signature');
  });

  it.each([
    ['four parts', (jws: string) => `${jws}.`],
    ['two parts', (jws: string) => jws.slice(0, jws.lastIndexOf('.'))],
    ['a trailing line', (jws: string) => `${jws}\n`],
    ['a leading space', (jws: string) => ` ${jws}`],
    ['padding', (jws: string) => `${jws}==`],
    ['the other alphabet', (jws: string) => jws.replace('.', '+.')],
    ['nothing', () => ''],
    ['a megabyte', (jws: string) => jws + 'A'.repeat(1_000_000)],
  ])('refuses %s', (_name, change) => {
    expect(refusal(change(forge({ alg: 'RS256' }, {})), [rsa])).toBe('malformed');
  });

  it('refuses every spelling of a signature but the canonical one', () => {
    const jws = forge({ alg: 'RS256' }, {});
    const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
    const last = alphabet.indexOf(jws.at(-1) ?? '');
    // 256 octets leave 4 unused bits in the last character.
    const sibling = `${jws.slice(0, -1)}${alphabet[last + 1]}`;
    expect(refusal(sibling, [rsa])).toBe('malformed');
  });

  it.each([
    ['zeros', Buffer.alloc(64)],
    ['r = 0', Buffer.concat([Buffer.alloc(32), Buffer.alloc(32, 1)])],
    ['s = 0', Buffer.concat([Buffer.alloc(32, 1), Buffer.alloc(32)])],
    ['over-long integers', Buffer.alloc(66, 1)],
    ['r and s beyond the order', Buffer.alloc(64, 0xff)],
  ])('refuses an ECDSA signature of %s', (_name, signature) => {
    const input = `${encode({ alg: 'ES256' })}.${encode({})}`;
    expect(refusal(`${input}.${signature.toString('base64url')}`, [verifier(keyOf('ES256'))])).toBe('signature');
  });

  it('refuses an ECDSA signature in DER', () => {
    const input = `${encode({ alg: 'ES256' })}.${encode({})}`;
    const der = sign('sha256', Buffer.from(input), privateKeyOf(keyOf('ES256')));
    expect(refusal(`${input}.${der.toString('base64url')}`, [verifier(keyOf('ES256'))])).toBe('signature');
  });

  it.each([
    ['use enc', { use: 'enc' }],
    ['key_ops without verify', { key_ops: ['sign'] }],
    ['another alg', { alg: 'RS512' }],
  ])('does not use a key with %s', (_name, members) => {
    expect(refusal(forge({ alg: 'RS256' }, {}), [{ ...rsa, ...members }])).toBe('key');
  });

  it('does not use RSA keys under 2048 bits, nor secrets under 256 bits, nor an empty one', () => {
    const weak = generateKeyPairSync('rsa', { modulusLength: 1024 }).privateKey.export({ format: 'jwk' }) as Jwk;
    expect(refusal(forge({ alg: 'RS256' }, {}, 'RS256', weak), [verifier(weak)])).toBe('signature');
    for (const k of ['', 'c2hvcnQ']) {
      expect(refusal(forge({ alg: 'HS256' }, {}, 'HS256', { kty: 'oct', k }), [{ kty: 'oct', k }])).toBe('signature');
    }
  });

  it('takes the key that the header names, or tries all when it names none or the name is to be ignored', async () => {
    const other: Jwk = { ...verifier(await generateKey('RS256', { rsaBits: 2048, randomBytes })), kid: 'other' };
    const right: Jwk = { ...rsa, kid: 'right' };
    expect(verifyJws(forge({ alg: 'RS256', kid: 'right' }, {}), [other, right], { algorithms }).key).toBe(right);
    expect(verifyJws(forge({ alg: 'RS256' }, {}), [other, right], { algorithms }).key).toBe(right);
    expect(refusal(forge({ alg: 'RS256', kid: 'other' }, {}), [other, right])).toBe('signature');
    expect(refusal(forge({ alg: 'RS256', kid: 'public' }, {}), [other, right])).toBe('key');
    expect(refusal(forge({ alg: 'RS256', kid: 'public' }, {}), [other, right], { ignoreKeyId: true })).toBe('accepted');
  });

  it.each([
    ['JWT', 'JWT', 'accepted'],
    ['jwt', 'JWT', 'accepted'],
    ['application/at+jwt', 'at+jwt', 'accepted'],
    ['at+jwt', 'JWT', 'type'],
    [undefined, 'JWT', 'type'],
  ])('typ %s where %s is expected: %s', (typ, expected, code) => {
    expect(refusal(forge({ alg: 'RS256', typ }, {}), [rsa], { typ: expected })).toBe(code);
  });

  it('refuses claims with members named twice, and claims that are no object', () => {
    for (const payload of ['{"sub":"a","sub":"b"}', '[]', 'text', '{"a":1}x']) {
      const jws = forge({ alg: 'RS256' }, payload);
      expect(() => verifyJwt(jws, [rsa], { algorithms })).toThrow(expect.objectContaining({ code: 'malformed' }));
    }
  });
});
