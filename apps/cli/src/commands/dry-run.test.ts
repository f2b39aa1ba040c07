import { describe, expect, it } from 'vitest';
import { connectCommandLine } from '../testing/connected-command-line.js';
import { samplePolicy as policy } from '../testing/sample-policy.js';

const { server, cli } = await connectCommandLine();

describe('a dry run', () => {
  const sentence =
    'Because you are using the dry option, the request will not be executed. The curl equivalent of this command is: \n\n';

  it('prints the curl equivalent and sends nothing', async () => {
    const outcome = await cli.run(['groups', 'create', "it's", '--dry']);
    const url = `${server.url}/warden/groups`;
    expect(outcome).toEqual({
      exitCode: 0,
      stderr: '',
      stdout: `${sentence}curl -X 'POST' -d '{"id":"it'\\''s","members":[]}' -H 'Content-Type: application/json' '${url}'\n\n`,
    });
    expect(server.seen).toEqual([]);
  });

  it('shows no secret and no token', async () => {
    for (const args of [
      ['clients', 'create', '--dry', '--secret', 'visible-secret'],
      ['token', '--dry', 'validate', 'visible-secret'],
      ['token', 'revoke', 'visible-secret', '--dry'],
      ['token', 'client', '--dry'],
      ['warden', 'token-allowed', 'visible-secret', 'a', 'b', '--dry'],
    ]) {
      const { stdout, exitCode } = await cli.run(args);
      expect(exitCode).toBe(0);
      expect(stdout).toContain("curl -X 'POST'");
      expect(stdout).not.toMatch(/visible-secret|demo-password/);
    }
    expect(server.seen).toEqual([]);
  });

  it('reads what a change is built on, and shows the change', async () => {
    server.answers.set('GET /policies/p1', { status: 200, body: policy });
    const { stdout } = await cli.run(['policies', 'actions', 'add', 'p1', 'write', '--dry']);
    expect(stdout).toContain(`curl -X 'PUT'`);
    expect(stdout).toContain('"actions":["read","write"]');
    expect(server.seen.map(({ method }) => method)).toEqual(['GET']);
  });
});
