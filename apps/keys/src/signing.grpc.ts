import { formatJwk, type Purpose, type Signing } from '@castellan/jwk';
import { keysV1, RpcError, type RpcHandlers } from '@castellan/rpc';
import { RpcService } from '@castellan/service';
import { signingPeers } from './peers.js';
import { answer } from './rpc-answer.js';

const purposes: ReadonlyMap<keysV1.Purpose, Purpose> = new Map<keysV1.Purpose, Purpose>([
  [keysV1.Purpose.PURPOSE_ID_TOKEN, 'id-token'],
  [keysV1.Purpose.PURPOSE_ACCESS_TOKEN, 'access-token'],
  [keysV1.Purpose.PURPOSE_USERINFO, 'userinfo'],
  [keysV1.Purpose.PURPOSE_LOGOUT_TOKEN, 'logout-token'],
  [keysV1.Purpose.PURPOSE_CONSENT_CHALLENGE, 'consent-challenge'],
  [keysV1.Purpose.PURPOSE_CONSENT_RESPONSE, 'consent-response'],
]);

/** The service Signing: signatures with the product's own keys, and the public keys that verify them. */
@RpcService(keysV1.SigningService, signingPeers)
export class SigningRpc implements RpcHandlers<typeof keysV1.SigningService> {
  /** `maxAgeMs`: for how long the public keys of a purpose may be kept. */
  constructor(
    private readonly signing: Signing,
    private readonly maxAgeMs: (purpose: Purpose) => number,
  ) {}

  async sign(request: keysV1.SignRequest): Promise<keysV1.SignResponse> {
    return answer(this.signing.sign(purposeOf(request.purpose), request.claimsJson, request.algorithm));
  }

  async getVerificationKeys(request: keysV1.GetVerificationKeysRequest): Promise<keysV1.GetVerificationKeysResponse> {
    const purpose = purposeOf(request.purpose);
    const keys = await answer(this.signing.verificationKeys(purpose));
    return { keys: keys.map(formatJwk), maxAgeSeconds: Math.floor(this.maxAgeMs(purpose) / 1000) };
  }
}

function purposeOf(requested: keysV1.Purpose): Purpose {
  const purpose = purposes.get(requested);
  if (purpose === undefined) throw new RpcError('INVALID_ARGUMENT', 'the purpose is not known');
  return purpose;
}
