import { formatJwk, type Purpose, type Signing } from '@castellan/jwk';
import { keysV1, RpcError, type RpcHandlers } from '@castellan/rpc';
import { RpcService } from '@castellan/service';
import { signingPeers } from './peers.js';
import { answer } from './rpc-answer.js';

type Publication = { readonly purpose: Purpose; readonly maxAgeSeconds: number };

// A consent response is judged by the keys of this moment: an administrator who takes a key away has taken it away.
const publications: ReadonlyMap<keysV1.Purpose, Publication> = new Map<keysV1.Purpose, Publication>([
  [keysV1.Purpose.PURPOSE_ID_TOKEN, { purpose: 'id-token', maxAgeSeconds: 10 }],
  [keysV1.Purpose.PURPOSE_ACCESS_TOKEN, { purpose: 'access-token', maxAgeSeconds: 10 }],
  [keysV1.Purpose.PURPOSE_USERINFO, { purpose: 'userinfo', maxAgeSeconds: 10 }],
  [keysV1.Purpose.PURPOSE_CONSENT_CHALLENGE, { purpose: 'consent-challenge', maxAgeSeconds: 10 }],
  [keysV1.Purpose.PURPOSE_CONSENT_RESPONSE, { purpose: 'consent-response', maxAgeSeconds: 0 }],
]);

/** The service Signing: signatures with the product's own keys, and the public keys that verify them. */
@RpcService(keysV1.SigningService, signingPeers)
export class SigningRpc implements RpcHandlers<typeof keysV1.SigningService> {
  constructor(private readonly signing: Signing) {}

  async sign(request: keysV1.SignRequest): Promise<keysV1.SignResponse> {
    const { purpose } = publicationOf(request.purpose);
    return answer(this.signing.sign(purpose, request.claimsJson, request.algorithm));
  }

  async getVerificationKeys(request: keysV1.GetVerificationKeysRequest): Promise<keysV1.GetVerificationKeysResponse> {
    const { purpose, maxAgeSeconds } = publicationOf(request.purpose);
    const keys = await answer(this.signing.verificationKeys(purpose));
    return { keys: keys.map(formatJwk), maxAgeSeconds };
  }
}

function publicationOf(purpose: keysV1.Purpose): Publication {
  const publication = publications.get(purpose);
  if (publication === undefined) throw new RpcError('INVALID_ARGUMENT', 'the purpose is not known');
  return publication;
}
