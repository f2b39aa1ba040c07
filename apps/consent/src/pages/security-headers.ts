/** Headers of every answer: nothing from elsewhere, no frames, no referrer, no guessing of types. */
export const SECURITY_HEADERS: Readonly<Record<string, string>> = {
  'content-security-policy': contentSecurityPolicy("'self'"),
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'cross-origin-resource-policy': 'same-origin',
  'permissions-policy': 'camera=(), geolocation=(), microphone=(), payment=()',
  'cache-control': 'no-store',
};

/** HSTS for a year, where the app is reached by https. */
export const STRICT_TRANSPORT_SECURITY = 'max-age=31536000';

const HARMFUL = new Set(['http', 'https', 'javascript', 'data', 'vbscript', 'blob', 'file', 'about']);

/**
 * The policy of a page whose form may end at the client: browsers apply form-action to every redirect that follows a
 * form, and only the client knows how many there are. Schemes of native apps are added.
 */
export function answerFormPolicy(redirectUris: readonly (string | undefined)[]): string {
  const schemes = redirectUris
    .map((uri) => /^([a-z][a-z0-9+.-]*):/.exec(uri ?? '')?.[1])
    .filter((scheme) => scheme !== undefined && !HARMFUL.has(scheme));
  return contentSecurityPolicy(["'self'", 'https:', 'http:', ...new Set(schemes.map((each) => `${each}:`))].join(' '));
}

function contentSecurityPolicy(formAction: string): string {
  return [
    "default-src 'none'",
    "style-src 'self'",
    "img-src 'self'",
    `form-action ${formAction}`,
    "base-uri 'none'",
    "frame-ancestors 'none'",
  ].join('; ');
}
