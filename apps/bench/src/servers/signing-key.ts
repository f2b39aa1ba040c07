import { ask } from './http.js';
import type { JwtAlgorithm } from './bench-client.js';
import type { Product } from './product.js';

/** Gives a product a fresh key for access tokens that signs with the algorithm from now on. */
export async function signAccessTokensWith(product: Product, algorithm: JwtAlgorithm): Promise<void> {
  await ask(`${product.adminUrl}/rotation/hydra.openid.access-token/emergency`, {
    json: { alg: algorithm },
    authorization: await product.rootAuthorization(),
  });
}
