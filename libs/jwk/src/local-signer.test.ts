import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { signatureAlgorithms } from './algorithm.js';
import { generateKey } from './generate-key.js';
import { type Jwk, publicPart } from './jwk.js';
import { createLocalSigner } from './local-signer.js';
import { openSigner } from './signer.js';
import { signerContract } from './testing/signer.contract.js';

const keys = new Map<string, Promise<Jwk>>();

function keyOf(algorithm: string): Promise<Jwk> {
  const made = keys.get(algorithm) ?? generateKey(algorithm, { rsaBits: 2048, randomBytes });
  keys.set(algorithm, made);
  return made;
}

signerContract(
  'local',
  signatureAlgorithms.map(({ name }) => name),
  async (algorithm) => {
    const jwk = await keyOf(algorithm);
    return { signer: createLocalSigner(jwk), verifier: publicPart(jwk) ?? jwk };
  },
);

describe('a stored key', () => {
  it('signs when it holds a private or a secret part, for the preferred algorithm of its kind when it names none', async () => {
    const { alg: _alg, ...unnamed } = await keyOf('RS512');
    expect(openSigner(unnamed).algorithm.name).toBe('RS256');
    expect(openSigner(await keyOf('HS512')).algorithm.name).toBe('HS512');
  });

  it('does not sign when it is public, or for an algorithm of another kind of key', async () => {
    const jwk = await keyOf('ES256');
    expect(() => openSigner(publicPart(jwk) ?? jwk)).toThrow('this key cannot sign');
    expect(() => openSigner({ ...jwk, alg: 'RS256' })).toThrow('this key cannot sign');
  });

  it('leaves the event loop free while a slow algorithm runs', async () => {
    const signer = openSigner(await keyOf('RS256'));
    let turns = 0;
    let signing = true;
    const turn = (): void => {
      turns += 1;
      if (signing) setImmediate(turn);
    };
    setImmediate(turn);
    await Promise.all(Array.from({ length: 64 }, () => signer.sign(Buffer.from('x'))));
    signing = false;
    // On the loop itself all signatures would be made before it turns once.
    expect(turns).toBeGreaterThan(0);
  });
});
