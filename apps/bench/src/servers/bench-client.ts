/** The client that every contender knows. */
export const benchClient = {
  id: 'bench-client',
  secret: 'bench-secret-of-32-characters-00',
  redirectUri: 'http://localhost:9010/callback',
  scope: 'openid offline_access bench',
  accessTokenFormat: 'opaque',
} as const;

/** The same, but its access tokens are JWTs without a row, as the peer's are; the product knows it. The peer decides by the resource that is asked for. */
export const jwtClient = { ...benchClient, id: 'bench-jwt-client', accessTokenFormat: 'stateless-jwt' } as const;

/** The algorithms of JWT access tokens, each with the resource for which the peer uses it. */
export const jwtAlgorithms = ['RS256', 'ES256', 'EdDSA'] as const;
export type JwtAlgorithm = (typeof jwtAlgorithms)[number];

export function resourceOf(algorithm: JwtAlgorithm): string {
  return `https://${algorithm.toLowerCase()}.bench.example`;
}

/** Authorization header of a client. */
export function basicOf({ id, secret }: { readonly id: string; readonly secret: string }): string {
  return `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}`;
}

export const benchBasic = basicOf(benchClient);
