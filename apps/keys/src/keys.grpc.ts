import { formatJwk, type KeyView, type Rotation } from '@castellan/jwk';
import { type CallContext, keysV1, type RpcHandlers } from '@castellan/rpc';
import { RpcService } from '@castellan/service';
import type { KeySets } from '@castellan/jwk';
import { importKey } from './import-key.js';
import { keysPeers } from './peers.js';
import { toPlanMessage } from './plan-message.js';
import { answer } from './rpc-answer.js';

/** The service Keys: key sets for the admin API. */
@RpcService(keysV1.KeysService, keysPeers)
export class KeysRpc implements RpcHandlers<typeof keysV1.KeysService> {
  constructor(
    private readonly sets: KeySets,
    private readonly rotation: Rotation,
  ) {}

  async generateKey(request: keysV1.GenerateKeyRequest, context: CallContext): Promise<keysV1.GenerateKeyResponse> {
    const { set, algorithm, keyId: name, single = false } = request;
    return { keys: (await answer(this.sets.generate({ set, algorithm, name, single }, context))).map(toMessage) };
  }

  async nameKeySet({ set }: keysV1.NameKeySetRequest): Promise<keysV1.NameKeySetResponse> {
    return { resourceNames: [...(await answer(this.sets.nameSet(set)))] };
  }

  async nameKey({ set, keyId }: keysV1.NameKeyRequest): Promise<keysV1.NameKeyResponse> {
    const { read = '', stored = '' } = await answer(this.sets.nameKey(set, keyId));
    return { resourceName: read, storedName: stored };
  }

  async getKeySet(request: keysV1.GetKeySetRequest, context: CallContext): Promise<keysV1.GetKeySetResponse> {
    return { keys: (await answer(this.sets.getSet(request.set, context, allowedNames(request)))).map(toMessage) };
  }

  async getKey(request: keysV1.GetKeyRequest, context: CallContext): Promise<keysV1.GetKeyResponse> {
    const { set, keyId } = request;
    return { key: toMessage(await answer(this.sets.getKey(set, keyId, context, allowedNames(request)))) };
  }

  async putKeySet(request: keysV1.PutKeySetRequest, context: CallContext): Promise<keysV1.PutKeySetResponse> {
    return { keys: (await answer(this.sets.putSet(request.set, request.keys, context))).map(toMessage) };
  }

  async putKey(request: keysV1.PutKeyRequest, context: CallContext): Promise<keysV1.PutKeyResponse> {
    const { set, keyId, key } = request;
    return { key: toMessage(await answer(this.sets.putKey(set, keyId, key, context))) };
  }

  async importKey(request: keysV1.ImportKeyRequest, context: CallContext): Promise<keysV1.ImportKeyResponse> {
    return { key: toMessage(await answer(importKey(request, this.sets, context))) };
  }

  async deleteKeySet(request: keysV1.DeleteKeySetRequest, context: CallContext): Promise<keysV1.DeleteKeySetResponse> {
    await answer(this.sets.deleteSet(request.set, context));
    return {};
  }

  async deleteKey(request: keysV1.DeleteKeyRequest, context: CallContext): Promise<keysV1.DeleteKeyResponse> {
    await answer(this.sets.deleteKey(request.set, request.keyId, context));
    return {};
  }

  async getKeyPlan(_request: keysV1.GetKeyPlanRequest): Promise<keysV1.GetKeyPlanResponse> {
    return { sets: (await answer(this.rotation.plan())).map(toPlanMessage) };
  }

  async rotateKey(request: keysV1.RotateKeyRequest, context: CallContext): Promise<keysV1.RotateKeyResponse> {
    const { set, algorithm, emergency } = request;
    const { rotate, rotateAtOnce } = this.rotation;
    return { plan: toPlanMessage(await answer((emergency ? rotateAtOnce : rotate)(set, algorithm, context))) };
  }
}

/** No list is no limit; an empty list lets no key pass. */
function allowedNames({
  allowed,
}: {
  readonly allowed?: keysV1.AllowedNames | undefined;
}): ReadonlySet<string> | undefined {
  return allowed === undefined ? undefined : new Set(allowed.resourceNames);
}

function toMessage({ jwk, resourceName }: KeyView): keysV1.Jwk {
  return { json: formatJwk(jwk), resourceName };
}
