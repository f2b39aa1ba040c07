import { createHash, randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { createClientSecrets, type ClientSecrets, type Pepper } from './client-secret.js';
import { createSecretUses } from './secret-uses.js';
import { createMemoryClientStore } from './testing/memory-client-store.js';
import { sampleClient } from './testing/sample-client.js';

const pepper = (name: string): Pepper => ({
  id: Buffer.from(name),
  key: createHash('sha256').update(name).digest(),
});

function secretsUnder(...peppers: readonly [Pepper, ...Pepper[]]): ClientSecrets {
  return createClientSecrets({
    peppers,
    processKey: Buffer.alloc(32),
    slowHasher: { hash: async (secret) => `slow:${secret}`, verify: async (hash, secret) => hash === `slow:${secret}` },
    randomBytes,
    now: () => 0,
    clock: () => 0,
    minLength: 6,
  });
}

async function setUp() {
  const clients = createMemoryClientStore(() => 0);
  const { secret, hash } = secretsUnder(pepper('old1')).generate('conf');
  await clients.insert(sampleClient(), hash);
  const secrets = secretsUnder(pepper('new1'), pepper('old1'));
  let now = 0;
  const use = createSecretUses({ store: clients, secrets, now: () => now });
  const stored = async () => {
    const found = await clients.find('conf');
    if (found === undefined) throw new Error('the client is gone');
    return found;
  };
  return { clients, secret, secrets, use, stored, advance: (ms: number) => (now += ms) };
}

describe('the use of a client secret', () => {
  it('gives it a verifier under the newest pepper, so that the old one can be retired', async () => {
    const { secret, secrets, use, stored } = await setUp();
    const before = await stored();
    expect(await secrets.verify(before, secret)).toBe('current');
    use(before, 'current', secret);
    const after = await stored();
    expect(after.secret?.hash).toMatch(new RegExp(`^${Buffer.from('new1').toString('hex')}\\.`));
    expect(after.revision).toBe(before.revision);
    const retired = secretsUnder(pepper('new1'));
    expect(await retired.verify(after, secret)).toBe('current');
    expect(await retired.verify(after, `${secret}x`)).toBeUndefined();
    expect(await secrets.verify(before, secret)).toBe('current');
  });

  it('changes nothing where the verifier is new already, or somebody chose the secret', async () => {
    const { clients, secret, secrets, use, stored, advance } = await setUp();
    use(await stored(), 'current', secret);
    const renewed = (await stored()).secret;
    advance(600_000);
    use(await stored(), 'current', secret);
    expect((await stored()).secret).toEqual(renewed);
    const chosen = (await secrets.hash('chosen-secret')).hash;
    await clients.update(sampleClient(), chosen);
    use(await stored(), 'current', 'chosen-secret');
    expect((await stored()).secret).toEqual(chosen);
  });

  it('does not bring back a secret that was changed meanwhile', async () => {
    const { clients, secret, secrets, use, stored } = await setUp();
    const before = await stored();
    const next = secrets.generate('conf');
    await clients.update(sampleClient(), next.hash);
    use(before, 'current', secret);
    expect((await stored()).secret).toEqual(next.hash);
  });
});
