import 'reflect-metadata';
import { type INestApplicationContext, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { createTestDatabase, type TestDatabase } from '@castellan/postgres/testing';
import { keysV1, type PeerName, PEER_NAMES, type RpcClient } from '@castellan/rpc';
import {
  createSilentLogger,
  METRICS,
  type Metrics,
  Readiness,
  RpcHost,
  RpcModule,
  ServiceModule,
} from '@castellan/service';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readKeysConfig } from './keys.config.js';
import { KeysModule } from './keys.module.js';
import { keysPeers, signingPeers } from './peers.js';

const { KeysService, SigningService, Purpose } = keysV1;
const claims = JSON.stringify({ iss: 'https://op.example', sub: 'peter', aud: 'c', exp: 2, iat: 1 });

@Module({})
class RootModule {}

describe('services Keys and Signing', () => {
  let test: TestDatabase;
  let app: INestApplicationContext;

  beforeAll(async () => {
    test = await createTestDatabase('keys');
    const config = readKeysConfig({
      DATABASE_URL: test.url,
      SYSTEM_SECRET: 'the system secret of this database',
      RSA_KEY_BITS: '2048',
    });
    const imports = [
      ServiceModule.forRoot({ logger: createSilentLogger() }),
      RpcModule.forRoot({ inProcessCodec: true }),
      KeysModule.forRoot(config),
    ];
    app = await NestFactory.createApplicationContext({ module: RootModule, imports }, { logger: false });
  });
  afterAll(async () => {
    await app.close();
    await test.drop();
  });

  function keys(peer: PeerName = 'admin'): RpcClient<typeof KeysService> {
    return app.get(RpcHost).createClient(KeysService, peer);
  }

  function signing(peer: PeerName = 'token'): RpcClient<typeof SigningService> {
    return app.get(RpcHost).createClient(SigningService, peer);
  }

  it('are ready while the database answers', async () => {
    expect(await app.get(Readiness).report()).toEqual({ ready: true, failing: [] });
  });

  it('publish how many keys are sealed under which secret, and how many sign', async () => {
    const text = await app.get<Metrics>(METRICS).registry.metrics();
    expect(text).toMatch(/castellan_keys_sealed\{secret="[0-9a-f]{8}"\} 4\n/);
    expect(text).toContain('castellan_keys_signing{set="hydra.openid.id-token",state="active"} 1\n');
    expect(text).toContain('castellan_keys_signatures{set="hydra.consent.challenge"} 0\n');
  });

  it('are called by the peers of the table and by nobody else', async () => {
    const requests = {
      generateKey: { set: '', algorithm: '', keyId: '' },
      nameKeySet: { set: '' },
      nameKey: { set: '', keyId: '' },
      getKeySet: { set: '' },
      getKey: { set: '', keyId: '' },
      putKeySet: { set: '', keys: [] },
      putKey: { set: '', keyId: '', key: '' },
      deleteKeySet: { set: '' },
      deleteKey: { set: '', keyId: '' },
      rotateKey: { set: '', algorithm: '', emergency: false },
      importKey: { set: '', keyId: '', algorithm: '', passphrase: '' },
      sign: { purpose: Purpose.PURPOSE_UNSPECIFIED, claimsJson: '' },
      getVerificationKeys: { purpose: Purpose.PURPOSE_UNSPECIFIED },
    };
    for (const peer of PEER_NAMES) {
      const methods = { ...keys(peer), ...signing(peer) };
      const { getKeyPlan: planPeers, ...demanding } = { ...keysPeers, ...signingPeers };
      const plan = keys(peer).getKeyPlan({});
      await (planPeers.includes(peer) ? plan : expect(plan).rejects.toMatchObject({ code: 'PERMISSION_DENIED' }));
      for (const [name, peers] of Object.entries(demanding)) {
        const call = methods[name as keyof typeof methods] as (request: unknown) => Promise<unknown>;
        const code = peers.includes(peer) ? 'INVALID_ARGUMENT' : 'PERMISSION_DENIED';
        await expect(call(requests[name as keyof typeof requests]), `${peer} ${name}`).rejects.toMatchObject({ code });
      }
    }
  });

  it('generate, read and remove keys, with the names by which policies know them', async () => {
    const made = await keys().generateKey({ set: 's', algorithm: 'ES521', keyId: 'k1' });
    expect(made.keys.map((key) => key.resourceName)).toEqual(['private:k1', 'public:k1']);
    expect(Object.keys(JSON.parse(made.keys[0]?.json ?? '{}') as object)).toEqual([
      'use',
      'kty',
      'kid',
      'crv',
      'alg',
      'x',
      'y',
      'd',
    ]);
    expect(await keys().getKeySet({ set: 's' })).toEqual(made);
    expect(await keys().getKey({ set: 's', keyId: 'public' })).toEqual({ key: made.keys[1] });
    const again = keys().generateKey({ set: 's', algorithm: 'ES521', keyId: 'k1' });
    await expect(again).rejects.toMatchObject({ code: 'ALREADY_EXISTS' });
    expect(await keys().deleteKey({ set: 's', keyId: 'public:k1' })).toEqual({});
    await keys().deleteKeySet({ set: 's' });
    await expect(keys().deleteKeySet({ set: 's' })).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await expect(keys().getKey({ set: 's', keyId: 'private' })).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });

  it('store keys brought along, and refuse unsound ones', async () => {
    const k = Buffer.from('0123456789abcdef0123456789abcdef').toString('base64url');
    const jwk = JSON.stringify({ kty: 'oct', kid: 'x', k });
    expect(await keys().putKey({ set: 't', keyId: 'x', key: jwk })).toEqual({ key: { json: jwk, resourceName: 'x' } });
    expect(await keys().putKeySet({ set: 't', keys: [jwk] })).toEqual({ keys: [{ json: jwk, resourceName: 'x' }] });
    const weak = JSON.stringify({ kty: 'oct', kid: 'x', k: 'c2hvcnQ' });
    await expect(keys().putKey({ set: 't', keyId: 'x', key: weak })).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
    });
  });

  it('never give away a private part of an own signing set', async () => {
    for (const set of ['hydra.openid.id-token', 'hydra.consent.challenge', 'hydra.https-tls']) {
      const refusals = [
        keys().getKey({ set, keyId: 'private' }),
        keys().putKey({ set, keyId: 'private', key: '{}' }),
        keys().putKeySet({ set, keys: ['{}'] }),
      ];
      const outcomes = refusals.map((refused) => expect(refused).rejects.toMatchObject({ code: 'PERMISSION_DENIED' }));
      await Promise.all(outcomes);
    }
    const { keys: shown } = await keys().getKeySet({ set: 'hydra.openid.id-token' });
    const made = await keys().generateKey(
      { set: 'hydra.openid.id-token', algorithm: 'RS256', keyId: '' },
      { deadlineMs: 30_000 },
    );
    for (const key of [...shown, ...made.keys]) {
      expect(key.resourceName).toBe('public');
      expect(key.json).not.toMatch(/"(d|p|q|dp|dq|qi|k)"/);
    }
  });

  it('publish the next key of a signing set, say when it signs, and let it sign at once in an emergency', async () => {
    const { KeyState } = keysV1;
    const set = 'hydra.openid.id-token';
    const { plan } = await keys().rotateKey({ set, algorithm: '', emergency: false }, { deadlineMs: 30_000 });
    expect(plan?.keys.map(({ state, nextState }) => [state, nextState])).toEqual([
      [KeyState.KEY_STATE_ACTIVE, KeyState.KEY_STATE_RETIRING],
      [KeyState.KEY_STATE_PUBLISHED, KeyState.KEY_STATE_ACTIVE],
    ]);
    expect(plan).toMatchObject({
      visibleMs: 1_200_000,
      overlapMs: 24 * 3_600_000 + 1_230_000,
      everyMs: 2160 * 3_600_000,
    });
    expect((await keys().getKeyPlan({})).sets.map((one) => one.set)).toEqual([
      set,
      'hydra.consent.challenge',
      'hydra.openid.access-token',
    ]);
    const urgent = await keys().rotateKey({ set, algorithm: 'ES256', emergency: true }, { deadlineMs: 30_000 });
    expect(urgent.plan?.keys).toMatchObject([{ state: KeyState.KEY_STATE_ACTIVE, algorithm: 'ES256' }]);
    const published = await signing('gateway').getVerificationKeys({ purpose: Purpose.PURPOSE_ID_TOKEN });
    expect(published.keys.map((jwk) => (JSON.parse(jwk) as { kid: string }).kid)).toEqual([
      urgent.plan?.keys[0]?.keyId,
    ]);
    await keys().rotateKey({ set, algorithm: 'RS256', emergency: true }, { deadlineMs: 30_000 });
    await expect(keys().rotateKey({ set: 's', algorithm: '', emergency: false })).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
    });
  });

  it('sign by purpose and publish what verifies', async () => {
    const signed = await signing().sign({ purpose: Purpose.PURPOSE_ID_TOKEN, claimsJson: claims });
    const published = await signing('gateway').getVerificationKeys({ purpose: Purpose.PURPOSE_ID_TOKEN });
    expect(signed.algorithm).toBe('RS256');
    expect(JSON.parse(published.keys[0] ?? '')).toMatchObject({ kid: signed.keyId, use: 'sig', alg: 'RS256' });
    expect(published.maxAgeSeconds).toBe(300);
    expect(JSON.stringify(published)).not.toContain('"d"');
    const response = await signing().getVerificationKeys({ purpose: Purpose.PURPOSE_CONSENT_RESPONSE });
    expect(JSON.parse(response.keys[0] ?? '')).toMatchObject({ kty: 'RSA', use: 'sig' });
    expect(response.maxAgeSeconds).toBe(0);
  });

  it.each([Purpose.PURPOSE_UNSPECIFIED, Purpose.PURPOSE_CONSENT_RESPONSE, 99 as keysV1.Purpose])(
    'sign nothing for purpose %i',
    async (purpose) => {
      await expect(signing().sign({ purpose, claimsJson: claims })).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
    },
  );
});
