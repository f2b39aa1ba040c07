import { beforeEach, describe, expect, it } from 'vitest';
import { connectCommandLine } from '../testing/connected-command-line.js';

const issued = { access_token: 'ct_at_x.y', token_type: 'bearer', expires_in: 3600, scope: 'a b' };
const perform = ['perform', 'client-credentials'];
const { server, cli } = await connectCommandLine();

beforeEach(() => {
  server.answers.set('POST /oauth2/token', { status: 200, body: issued });
  server.answers.set('POST /other/oauth2/token', { status: 200, body: issued });
});

describe('perform client-credentials', () => {
  it('prints what was issued as JSON, YAML or a table', async () => {
    const json = await cli.run([...perform, '--format', 'json']);
    expect([json.exitCode, JSON.parse(json.stdout)]).toEqual([0, issued]);
    expect((await cli.run([...perform, '--format', 'yaml'])).stdout).toContain('access_token: ct_at_x.y\n');
    const table = (await cli.run(perform)).stdout.split('\n');
    expect(table[0]).toMatch(/^ACCESS TOKEN +TOKEN TYPE +EXPIRES IN +SCOPE/);
    expect(table[1]).toMatch(/^ct_at_x\.y +bearer +3600 +a b/);
    expect((await cli.run([...perform, '--format', 'xml'])).exitCode).toBe(2);
  });

  it('asks for the scopes and resources given, with the credentials given', async () => {
    const args = [
      '--client-id',
      'me',
      '--secret-stdin',
      '--scope',
      'a,b',
      '--audience',
      'urn:x',
      '--audience',
      'urn:y',
    ];
    await cli.run([...perform, '--endpoint', `${server.url}/other`, ...args], { stdin: 'mine\n' });
    expect(server.seen[0]?.body).toBe('grant_type=client_credentials&scope=a+b&resource=urn%3Ax&resource=urn%3Ay');
    expect(server.seen[0]?.headers.authorization).toBe(`Basic ${Buffer.from('me:mine').toString('base64')}`);
  });

  it('gives the stored secret to no other client and no other server', async () => {
    const elsewhere = [...perform, '--endpoint', `${server.url}/other`];
    await cli.run(elsewhere);
    await cli.run(elsewhere.concat('--client-id', 'me'));
    const env = { CLUSTER_URL: `${server.url}/other` };
    await cli.run(perform.concat('--client-id', 'me'), { env });
    await cli.run(perform, { env });
    const secrets = server.seen.map(({ headers }) => {
      return Buffer.from(String(headers.authorization).slice('Basic '.length), 'base64').toString();
    });
    expect(secrets).toEqual(['admin:', 'me:', 'me:', 'admin:demo-password']);
  });

  it('fails with the answer of the server', async () => {
    server.answers.set('POST /oauth2/token', { status: 401, body: { error: 'invalid_client' } });
    const outcome = await cli.run(perform);
    expect(outcome).toMatchObject({ exitCode: 1, stdout: '' });
    expect(outcome.stderr).toContain('got 401.\n{"error":"invalid_client"}');
  });
});
