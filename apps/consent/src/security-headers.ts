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

/**
 * The policy of the page whose form ends at the client: browsers apply form-action to every redirect that follows
 * a form, and only the client knows how many there are. A native app's own scheme is added.
 */
export function answerFormPolicy(redirectUri: string | undefined): string {
  const scheme = /^([a-z][a-z0-9+.-]*):/.exec(redirectUri ?? '')?.[1];
  const harmful = ['javascript', 'data', 'vbscript', 'blob', 'file', 'about'];
  const own = scheme === undefined || ['http', 'https', ...harmful].includes(scheme) ? '' : ` ${scheme}:`;
  return contentSecurityPolicy(`'self' https: http:${own}`);
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
