/** The client that every contender knows. */
export const benchClient = {
  id: 'bench-client',
  secret: 'bench-secret-of-32-characters-00',
  redirectUri: 'http://localhost:9010/callback',
  scope: 'openid offline_access bench',
} as const;

/** Its Authorization header. */
export const benchBasic = `Basic ${Buffer.from(`${benchClient.id}:${benchClient.secret}`).toString('base64')}`;
