import { Injectable, type DynamicModule, type Type } from '@nestjs/common';
import { RpcError, keysV1, type CallContext, type PeerTable, type RpcHandlers } from '@castellan/rpc';
import { provideRpcClient, RpcService } from '../rpc/rpc-service.js';

/** Who may call the service that the tests of this kit host: token signs, the gateway reads public keys. */
export const signingPeers: PeerTable<typeof keysV1.SigningService> = {
  sign: ['token'],
  getVerificationKeys: ['gateway', 'token', 'client'],
};

/** A signing service that answers by what its claims ask for. */
@Injectable()
@RpcService(keysV1.SigningService, signingPeers)
export class SigningService implements RpcHandlers<typeof keysV1.SigningService> {
  readonly calls: CallContext[] = [];

  async sign(request: keysV1.SignRequest, context: CallContext): Promise<keysV1.SignResponse> {
    this.calls.push(context);
    switch (request.claimsJson) {
      case 'refuse':
        throw new RpcError('FAILED_PRECONDITION', 'no current key for \u00fcber\n"purpose"');
      case 'break':
        throw new Error('postgres://user:hunter2@db broke');
      case 'hang':
        return new Promise(() => undefined);
      default:
        return { jws: `signed ${request.claimsJson}`, keyId: context.peer, algorithm: String(request.purpose) };
    }
  }

  async getVerificationKeys(): Promise<keysV1.GetVerificationKeysResponse> {
    return { keys: [], maxAgeSeconds: 300 };
  }
}

class CallerModule {}
class KeysModule {}

/** A module that hosts the signing service. */
export function keysModule(service: Type = SigningService): DynamicModule {
  return { module: KeysModule, providers: [service] };
}

/** A module that calls the signing service under a name. */
export function callerModule(name: 'token' | 'gateway' | 'admin'): DynamicModule {
  return { module: CallerModule, providers: [provideRpcClient(keysV1.SigningService, name)] };
}
