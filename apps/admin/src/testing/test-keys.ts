import { type CallContext, keysV1, RpcError, type RpcHandlers } from '@castellan/rpc';
import { type Backends, fail, found } from './backends.js';

export class TestKeys implements RpcHandlers<typeof keysV1.KeysService> {
  constructor(private readonly backends: Backends) {}

  async generateKey({ set, algorithm, keyId, single }: keysV1.GenerateKeyRequest): Promise<keysV1.GenerateKeyResponse> {
    if (algorithm !== 'HS256') {
      throw new RpcError('INVALID_ARGUMENT', `Generator ${algorithm} unknown`);
    }
    const kid = keyId || (single === true ? 'random' : 'shared');
    const keys = [{ json: JSON.stringify({ kty: 'oct', kid, k: 'k' }), resourceName: kid }];
    this.backends.keys.set(set, keys);
    return { keys };
  }
  async nameKeySet({ set }: keysV1.NameKeySetRequest): Promise<keysV1.NameKeySetResponse> {
    fail(this.backends, 'keys');
    return { resourceNames: named(this.backends, set).map(({ resourceName }) => resourceName) };
  }
  async nameKey({ set, keyId }: keysV1.NameKeyRequest): Promise<keysV1.NameKeyResponse> {
    fail(this.backends, 'keys');
    const keys = named(this.backends, set);
    const exact = keys.find((one) => kidOf(one) === keyId);
    const key = exact ?? keys.find((one) => one.resourceName === keyId);
    return { resourceName: key?.resourceName ?? '', storedName: exact?.resourceName ?? '' };
  }
  async getKeySet({ set, allowed }: keysV1.GetKeySetRequest): Promise<keysV1.GetKeySetResponse> {
    fail(this.backends, 'keys');
    const keys = found(this.backends.keys, set);
    return { keys: keys.filter(({ resourceName }) => allowed?.resourceNames.includes(resourceName) ?? true) };
  }
  async getKey({ set, keyId, allowed }: keysV1.GetKeyRequest): Promise<keysV1.GetKeyResponse> {
    fail(this.backends, 'keys');
    const keys = found(this.backends.keys, set);
    const key = keys.find((one) => kidOf(one) === keyId) ?? keys.find((one) => one.resourceName === keyId);
    if (key === undefined || allowed?.resourceNames.includes(key.resourceName) === false) {
      throw new RpcError('NOT_FOUND', 'no such key in the table');
    }
    return { key };
  }
  async putKeySet({ set, keys }: keysV1.PutKeySetRequest): Promise<keysV1.PutKeySetResponse> {
    const stored = keys.map((json) => ({ json, resourceName: kidOf({ json }) }));
    this.backends.keys.set(set, stored);
    return { keys: stored };
  }
  async putKey({ set, keyId, key }: keysV1.PutKeyRequest): Promise<keysV1.PutKeyResponse> {
    const stored = { json: key, resourceName: keyId };
    const others = (this.backends.keys.get(set) ?? []).filter((one) => kidOf(one) !== keyId);
    this.backends.keys.set(set, [...others, stored]);
    return { key: stored };
  }
  async importKey({ set, keyId, pem }: keysV1.ImportKeyRequest): Promise<keysV1.ImportKeyResponse> {
    if (pem === 'bad') throw new RpcError('INVALID_ARGUMENT', 'this is no PEM');
    const json = JSON.stringify({ kty: 'EC', kid: keyId || 'thumbprint' });
    this.backends.keys.set(set, [{ json, resourceName: keyId }]);
    return { key: { json, resourceName: keyId } };
  }
  async getKeyPlan(): Promise<keysV1.GetKeyPlanResponse> {
    fail(this.backends, 'keys');
    return { sets: [...this.backends.keys.keys()].map((set) => keysV1.SetPlan.fromPartial(plan(set))) };
  }
  async rotateKey({ set, algorithm, emergency }: keysV1.RotateKeyRequest): Promise<keysV1.RotateKeyResponse> {
    fail(this.backends, 'keys');
    found(this.backends.keys, set);
    const keys = [{ json: JSON.stringify({ kid: `${algorithm} ${String(emergency)}` }), resourceName: 'public' }];
    this.backends.keys.set(set, keys);
    return { plan: keysV1.SetPlan.fromPartial(plan(set)) };
  }
  async deleteKeySet(
    { set }: keysV1.DeleteKeySetRequest,
    { deadline }: CallContext,
  ): Promise<keysV1.DeleteKeySetResponse> {
    this.backends.deadlines.push(deadline);
    found(this.backends.keys, set);
    this.backends.keys.delete(set);
    return {};
  }
  async deleteKey(
    { set, keyId }: keysV1.DeleteKeyRequest,
    { deadline }: CallContext,
  ): Promise<keysV1.DeleteKeyResponse> {
    this.backends.deadlines.push(deadline);
    const keys = found(this.backends.keys, set);
    const rest = keys.filter((one) => kidOf(one) !== keyId);
    if (rest.length === keys.length) {
      throw new RpcError('NOT_FOUND', 'no such key in the table');
    }
    this.backends.keys.set(set, rest);
    return {};
  }
}

/** What is known of a set without reading it; `keys.get` is what counts as a read. */
function named(backends: Backends, set: string): readonly keysV1.Jwk[] {
  return [...backends.keys].find(([name]) => name === set)?.[1] ?? [];
}

function kidOf({ json }: { readonly json: string }): string {
  const jwk: unknown = JSON.parse(json);
  return typeof jwk === 'object' && jwk !== null && 'kid' in jwk ? String(jwk.kid) : '';
}

/** A plan of one set with one key that waits to be followed. */
function plan(set: string) {
  const { KEY_STATE_ACTIVE, KEY_STATE_RETIRING } = keysV1.KeyState;
  const times = { sinceMs: 1_000, nextAtMs: 61_000 };
  return {
    set,
    algorithm: 'RS256',
    visibleMs: 1_200_000,
    overlapMs: 4_800_000,
    everyMs: 60_000,
    nowMs: 2_000,
    keys: [
      {
        keyId: 'k',
        algorithm: 'RS256',
        state: KEY_STATE_ACTIVE,
        nextState: KEY_STATE_RETIRING,
        signatures: 7,
        ...times,
      },
    ],
    next: { stageAtMs: 20_000, publishAtMs: 40_000, activateAtMs: 61_000 },
  };
}
