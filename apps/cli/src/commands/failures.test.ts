import { describe, expect, it } from 'vitest';
import { connectCommandLine } from '../testing/connected-command-line.js';

const { server, cli } = await connectCommandLine();

describe('a failed command of the admin API', () => {
  it.each([
    [['clients', 'get', 'x'], 'Could not delete client: Expected status code 200, got 404.\n'],
    [['clients', 'delete', 'x'], 'Could not delete client: Expected status code 204, got 404.\n'],
    [['clients', 'create'], 'Could not create client: Expected 2xx status code but got 404.\n'],
    [['policies', 'get', 'x'], 'Could not retrieve policy: Expected status code 200, got 404.\n'],
    [['policies', 'delete', 'x'], 'Could not delete policy: Expected status code 204, got 404.\n'],
    [['policies', 'actions', 'add', 'x', 'y'], 'Could not retrieve policy: Expected status code 200, got 404.\n'],
    [['keys', 'get', 'x'], 'Could not generate keys: Expected status code 200, got 404.\n'],
    [['keys', 'create', 'x', '-a', 'RS256'], 'Could not generate keys: Expected 2xx status code but got 404.\n'],
    [['groups', 'create', 'x'], 'Could not create group: Expected 2xx status code but got 404.\n'],
    [['groups', 'delete', 'x'], 'Could not create group: Expected status code 204, got 404.\n'],
    [['groups', 'find', 'x'], 'Could not find groups: Expected status code 200, got 404.\n'],
    [['groups', 'members', 'add', 'g', 'x'], 'Could not add members to group: Expected 2xx status code but got 404.\n'],
  ])('%j shows the answer on stderr and exits 1', async (args, message) => {
    const outcome = await cli.run(args);
    expect(outcome).toEqual({ exitCode: 1, stdout: '', stderr: `${message}{"error":{"message":"Not found"}}\n` });
  });

  it('says how to log on when the credentials are wrong', async () => {
    const outcome = await cli.run(['clients', 'get', 'x'], { env: { CLIENT_SECRET: 'wrong' }, programName: 'hydra' });
    expect(outcome.exitCode).toBe(1);
    expect(outcome.stdout).toMatch(
      /^Could not authenticate, because: oauth2: cannot fetch token: 401\nResponse: {"error":"invalid_client"}\n/,
    );
    expect(outcome.stdout).toContain('run `hydra connect`.\n');
    expect(outcome.stdout).toContain('`--skip-tls-verify`');
    expect(server.seen).toEqual([]);
  });

  it('exits 3 when the Warden does not allow', async () => {
    server.answers.set('POST /warden/allowed', { status: 200, body: { allowed: false } });
    const outcome = await cli.run(['warden', 'allowed', 'peter', 'read', 'x']);
    expect(outcome).toEqual({ exitCode: 3, stdout: '{\n\t"allowed": false\n}\n', stderr: '' });
  });
});
