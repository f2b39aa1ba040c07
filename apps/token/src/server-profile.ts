/**
 * What a profile sets where the variable itself is not given. `openid-conformance` is what the plans of the OpenID
 * conformance suite need beyond the ordinary: its clients register themselves, and sign their assertions for the token
 * endpoint. Unsigned request objects stay off: the plans do not need them (docs/guides/conformance.md).
 */
export const serverProfiles = {
  strict: {},
  'openid-conformance': {
    DYNAMIC_REGISTRATION: 'initial-token',
    CLIENT_ASSERTION_AUDIENCE: 'issuer-or-token-url',
  },
} as const satisfies { readonly [profile: string]: Readonly<Record<string, string>> };

/** The names of the profiles. */
export const serverProfileNames = Object.keys(serverProfiles) as (keyof typeof serverProfiles)[];

/** The environment with what its profile sets; an unknown profile is refused by the schema of the variables. */
export function withServerProfile(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const name = serverProfileNames.find((known) => known === env['SERVER_PROFILE']);
  const given = Object.entries(env).filter(([, value]) => value !== undefined && value !== '');
  return { ...env, ...(name === undefined ? {} : serverProfiles[name]), ...Object.fromEntries(given) };
}
