import { createRequire } from 'node:module';

/** What hydra-js exports, as far as it is called here. */
type HydraJs = new (config: object) => {
  authenticate(): Promise<{ token: { access_token: string } }>;
  getKey(set: string, kid: string): Promise<Record<string, unknown>>;
  getClient(id: string): Promise<Record<string, unknown>>;
  validateToken(token: string): Promise<Record<string, unknown>>;
  verifyConsentChallenge(challenge: string): Promise<{ challenge: Record<string, unknown> }>;
  generateConsentResponse(
    challenge: string,
    subject: string,
    scopes: string[],
    at?: object,
    id?: object,
  ): Promise<{ consent: string }>;
};

/**
 * Runs one version of hydra-js, unmodified, in a process of its own: arguments are the version, the URL of the
 * product, a consent challenge and a token to validate (a token never introspects itself); the answers of every call go to standard output as JSON.
 */
async function main(): Promise<void> {
  const [version = '', tokenHost = '', challenge = '', otherToken = ''] = process.argv.slice(2);
  const Hydra = createRequire(import.meta.url)(`hydra-js-${version}`) as HydraJs;
  const client = { id: process.env['HYDRA_CLIENT_ID'], secret: process.env['HYDRA_CLIENT_SECRET'] };
  const hydra = new Hydra({ client, auth: { tokenHost }, scope: 'hydra' });
  const { token } = await hydra.authenticate();
  const answers = {
    token: token.access_token,
    publicKey: await hydra.getKey('hydra.consent.challenge', 'public'),
    privateKey: Object.keys(await hydra.getKey('hydra.consent.response', 'private')).sort(),
    client: await hydra.getClient('admin'),
    validated: await hydra.validateToken(otherToken),
    challenge: (await hydra.verifyConsentChallenge(challenge)).challenge,
    consent: (
      await hydra.generateConsentResponse(
        challenge,
        'user:12345:dandean',
        ['openid', 'offline'],
        { a: 1 },
        { name: 'Dan' },
      )
    ).consent,
  };
  process.stdout.write(JSON.stringify(answers));
}

main().catch((cause: unknown) => {
  process.stderr.write(`${cause instanceof Error ? (cause.stack ?? cause.message) : JSON.stringify(cause)}\n`);
  process.exit(1);
});
