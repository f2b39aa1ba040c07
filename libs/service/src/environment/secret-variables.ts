/** Whether a variable holds what may never be shown: a secret, credentials, a key, a URL with a password. */
export function isSecretVariable(name: string): boolean {
  return /(?:SECRET|PASSWORD|CLIENT_CREDENTIALS|DATABASE_URL|REDIS_URL|TLS_KEY)$/.test(name);
}
