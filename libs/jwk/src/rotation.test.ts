import { describe, expect, it } from 'vitest';
import { createKeyManagerFixture, fixtureRules } from './testing/key-manager-fixture.js';

const set = 'hydra.openid.id-token';
const hour = 3_600_000;
const claims = JSON.stringify({ iss: 'https://op.example', sub: 'peter', aud: 'c', exp: 2_000_000_000, iat: 1 });
const quick = { algorithm: 'ES256' } as const;

describe('rotation', () => {
  it('by hand publishes the next key, activates it when every verifier can know it, and retires the old one', async () => {
    const { rotation, signing, actor, advanceClock, changes } = await createKeyManagerFixture({
      ownSets: true,
      rules: quick,
    });
    const old = (await signing.sign('id-token', claims)).keyId;
    const plan = await rotation.rotate(set, '', actor);
    expect(plan.keys).toMatchObject([
      { kid: old, state: 'active', next: { state: 'retiring', at: 120_000 } },
      { algorithm: 'ES256', state: 'published', next: { state: 'active', at: 120_000 } },
    ]);
    advanceClock(119_999);
    await rotation.advance();
    expect((await signing.sign('id-token', claims)).keyId).toBe(old);
    advanceClock(1);
    await rotation.advance();
    const signed = await signing.sign('id-token', claims);
    expect(signed).toMatchObject({ keyId: plan.keys[1]?.kid, algorithm: 'ES256' });
    expect((await signing.verificationKeys('id-token')).map((jwk) => jwk.kid)).toEqual([signed.keyId, old]);
    advanceClock(hour + 29_999);
    await rotation.advance();
    expect(await signing.verificationKeys('id-token')).toHaveLength(2);
    advanceClock(1);
    await rotation.advance();
    expect((await signing.verificationKeys('id-token')).map((jwk) => jwk.kid)).toEqual([signed.keyId]);
    expect(changes).toEqual([
      `${set}/published by admin`,
      `${set}/retiring by keys`,
      `${set}/active by keys`,
      `${set}/retired by keys`,
    ]);
  });

  it('by schedule makes, publishes and activates in time, whoever asks and however often', async () => {
    const everyMs = 24 * hour;
    const one = await createKeyManagerFixture({ ownSets: true, rules: { ...quick, everyMs } });
    const two = await createKeyManagerFixture({ store: one.store, rules: { ...quick, everyMs } });
    const states = async () =>
      (await one.rotation.plan()).find((plan) => plan.set === set)?.keys.map(({ state }) => state);
    const turn = () => Promise.all([one.rotation.advance(), two.rotation.advance(), one.rotation.advance()]);
    await turn();
    expect(await states()).toEqual(['active']);
    one.advanceClock(everyMs - hour - 120_000);
    await turn();
    expect(await states()).toEqual(['active', 'staged']);
    expect(await one.signing.verificationKeys('id-token')).toHaveLength(1);
    one.advanceClock(hour);
    await turn();
    expect(await states()).toEqual(['active', 'published']);
    one.advanceClock(120_000);
    await turn();
    expect(await states()).toEqual(['active', 'retiring']);
    one.advanceClock(2 * hour);
    await turn();
    expect(await states()).toEqual(['active']);
  });

  it('writes nothing when nothing is due', async () => {
    const { rotation, store } = await createKeyManagerFixture({ ownSets: true, rules: { everyMs: hour } });
    const before = await store.revision();
    await rotation.advance();
    expect(await store.revision()).toBe(before);
  });

  it('late, after an outage, still shows the next key for its time before it signs', async () => {
    const { rotation, signing, advanceClock } = await createKeyManagerFixture({
      ownSets: true,
      rules: { ...quick, everyMs: hour },
    });
    const old = (await signing.sign('id-token', claims)).keyId;
    advanceClock(100 * hour);
    await rotation.advance();
    await rotation.advance();
    expect((await signing.sign('id-token', claims)).keyId).toBe(old);
    expect(await signing.verificationKeys('id-token')).toHaveLength(2);
    advanceClock(120_000);
    await rotation.advance();
    expect((await signing.sign('id-token', claims)).keyId).not.toBe(old);
  });

  it('of two at once makes one key', async () => {
    const one = await createKeyManagerFixture({ ownSets: true, rules: quick });
    const two = await createKeyManagerFixture({ store: one.store, rules: quick });
    const plans = await Promise.all([one, two, one].map(({ rotation, actor }) => rotation.rotate(set, '', actor)));
    expect(new Set(plans.map((plan) => plan.keys[1]?.kid)).size).toBe(1);
    expect(plans[0]?.keys).toHaveLength(2);
  });

  it('by hand brings forward what the schedule has staged', async () => {
    const { rotation, actor, advanceClock } = await createKeyManagerFixture({
      ownSets: true,
      rules: { ...quick, everyMs: 24 * hour },
    });
    advanceClock(23 * hour);
    await rotation.advance();
    const staged = (await rotation.plan())[0]?.keys[1];
    expect(staged?.state).toBe('staged');
    const { keys, now } = await rotation.rotate(set, '', actor);
    expect(keys[1]).toMatchObject({
      kid: staged?.kid,
      state: 'published',
      next: { state: 'active', at: now + 120_000 },
    });
  });

  it('in an emergency leaves nothing but a fresh key that signs at once', async () => {
    const { rotation, signing, actor, advanceClock, store } = await createKeyManagerFixture({
      ownSets: true,
      rules: quick,
    });
    const old = (await signing.sign('id-token', claims)).keyId;
    await rotation.rotate(set, '', actor);
    advanceClock(120_000);
    await rotation.advance();
    await rotation.rotate(set, '', actor);
    const plan = await rotation.rotateAtOnce(set, '', actor);
    expect(plan.keys).toMatchObject([{ state: 'active', algorithm: 'ES256' }]);
    const keys = await signing.verificationKeys('id-token');
    expect(keys.map((jwk) => jwk.kid)).toEqual([plan.keys[0]?.kid]);
    expect((await signing.sign('id-token', claims)).keyId).toBe(plan.keys[0]?.kid);
    const retired = store.audit().filter((line) => line.state === 'retired' && line.peer === 'admin');
    expect(retired).toHaveLength(3);
    expect(retired.map((line) => line.kid)).toContain(old);
  });

  it('of one set to another algorithm is refused while a key of a third is shown already', async () => {
    const { rotation, actor } = await createKeyManagerFixture({ ownSets: true, rules: quick });
    await rotation.rotate(set, 'EdDSA', actor);
    await rotation.rotate(set, '', actor);
    await expect(rotation.rotate(set, 'ES384', actor)).rejects.toMatchObject({ code: 'already_exists' });
  });

  it.each([
    ['a set of a user', 's', ''],
    ['the set whose private key consent apps hold', 'hydra.consent.response', ''],
    ['the certificate', 'hydra.https-tls', ''],
    ['a secret for ID tokens', set, 'HS256'],
    ['anything but RS256 for consent challenges', 'hydra.consent.challenge', 'ES256'],
    ['no algorithm', set, 'none'],
  ])('refuses %s', async (_name, target, algorithm) => {
    const { rotation, actor } = await createKeyManagerFixture({ ownSets: true });
    for (const rotate of [rotation.rotate, rotation.rotateAtOnce]) {
      await expect(rotate(target, algorithm, actor)).rejects.toMatchObject({ code: 'malformed' });
    }
  });

  it('plans what follows from the rules', async () => {
    const everyMs = 24 * hour;
    const { rotation } = await createKeyManagerFixture({ ownSets: true, rules: { everyMs } });
    const [plan] = await rotation.plan();
    expect(plan).toMatchObject({
      set,
      algorithm: fixtureRules.algorithm,
      visibleMs: 120_000,
      overlapMs: hour + 30_000,
      everyMs,
      keys: [{ state: 'active', since: 0, next: { state: 'retiring', at: everyMs } }],
      next: { stageAt: everyMs - 120_000 - hour, publishAt: everyMs - 120_000, activateAt: everyMs },
    });
  });
});
