import { existsSync, readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { connected, issuedToken, startAdminServer } from '../testing/admin-server.js';
import { createCommandLine } from '../testing/run-command.js';

describe('connect', () => {
  it('asks for three values, one line each, and stores them for its owner only', async () => {
    const cli = createCommandLine();
    const outcome = await cli.run(['connect'], { stdin: 'https://hydra:4444\nadmin\ndemo-password\n' });
    expect(outcome).toMatchObject({
      exitCode: 0,
      stdout: 'To keep the current value, press enter.\nCluster URL []: Client ID []: Client Secret [empty]: Done.\n',
    });
    const path = join(cli.home, '.castellan.yml');
    expect(outcome.stderr).toContain(`level=info msg="Persisting config in file ${path}"`);
    expect(readFileSync(path, 'utf8')).toBe(
      'cluster_url: https://hydra:4444\nclient_id: admin\nclient_secret: demo-password\n',
    );
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(readdirSync(cli.home)).toEqual(['.castellan.yml']);

    const again = await cli.run(['connect'], { stdin: '\n  other  \n\n' });
    expect(again.stdout).toContain('Cluster URL [https://hydra:4444]: Client ID [admin]: Client Secret [*********]: ');
    expect(readFileSync(path, 'utf8')).toContain('client_id: other\nclient_secret: demo-password\n');
  });

  it('fails when the input ends early and writes nothing', async () => {
    const cli = createCommandLine();
    const outcome = await cli.run(['connect'], { stdin: 'https://hydra:4444\n' });
    expect(outcome).toMatchObject({ exitCode: 1, stderr: 'Could not read user input because EOF.\n' });
    expect(readdirSync(cli.home)).toEqual([]);
  });

  it('takes flags, the secret from standard input, and the environment instead of answers', async () => {
    const cli = createCommandLine();
    const piped = await cli.run(['connect', '--url', 'https://a', '--id', 'i', '--secret-stdin'], {
      stdin: 's3cret\n',
    });
    expect(piped).toMatchObject({ exitCode: 0, stdout: 'Done.\n' });
    expect(readFileSync(join(cli.home, '.castellan.yml'), 'utf8')).toContain('client_secret: s3cret\n');

    const flags = await cli.run(['connect', '--url', 'https://a', '--id', 'i', '--secret', 'argv-secret']);
    expect(flags.stdout).toMatch(/^You should not provide secrets using command line flags\./);

    const environment = { CLUSTER_URL: 'https://b', CLIENT_ID: 'e', CLIENT_SECRET: 'env-secret' };
    expect((await cli.run(['connect'], { env: environment })).exitCode).toBe(0);
    expect(readFileSync(join(cli.home, '.castellan.yml'), 'utf8')).toContain('client_secret: env-secret\n');
  });

  it('stores an admin URL of its own, and forgets it with its cluster', async () => {
    const cli = createCommandLine();
    const path = join(cli.home, '.castellan.yml');
    await cli.run(['connect', '--url', 'https://a', '--id', 'i', '--admin-url', 'https://a:4446'], { stdin: 'secret' });
    expect(readFileSync(path, 'utf8')).toContain('admin_url: https://a:4446\n');
    await cli.run(['connect', '--id', 'j'], { stdin: '\n\n' });
    expect(readFileSync(path, 'utf8')).toContain('admin_url: https://a:4446\n');
    await cli.run(['connect', '--url', 'https://b'], { stdin: '\n\n' });
    expect(readFileSync(path, 'utf8')).not.toContain('admin_url');
  });

  it('narrows the mode of a file that others could read, and keeps what it does not know', async () => {
    const cli = createCommandLine();
    const path = join(cli.home, '.castellan.yml');
    writeFileSync(path, 'cluster_url: https://a\nmore: kept\n', { mode: 0o644 });
    await cli.run(['connect', '--id', 'i'], { stdin: '\nsecret\n' });
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(readFileSync(path, 'utf8')).toContain('more: kept\n');
  });
});

describe('the stored configuration', () => {
  it('is used by later commands, below the environment', async () => {
    const server = await startAdminServer();
    const cli = createCommandLine();
    await cli.run(['connect'], { stdin: `${server.url}\nadmin\ndemo-password\n` });
    expect((await cli.run(['token', 'client'])).stdout).toBe(`${issuedToken}\n`);
    expect((await cli.run(['token', 'client'], { env: { CLIENT_SECRET: 'wrong' } })).exitCode).toBe(1);
    expect((await cli.run(['token', 'client'], { env: { CLIENT_SECRET: '' } })).exitCode).toBe(0);
    await server.close();
  });

  it('may be the file of the 2017 program, which is never written', async () => {
    const server = await startAdminServer();
    const cli = createCommandLine();
    const legacy = join(cli.home, '.hydra.yml');
    const text = `cluster_url: ${server.url}\nclient_id: admin\nclient_secret: demo-password\n`;
    writeFileSync(legacy, text);
    expect((await cli.run(['token', 'client'])).exitCode).toBe(0);
    await cli.run(['connect'], { stdin: '\nother\n\n' });
    expect(readFileSync(legacy, 'utf8')).toBe(text);
    expect(readFileSync(join(cli.home, '.castellan.yml'), 'utf8')).toContain('client_id: other\n');
    await server.close();
  });

  it('may stand elsewhere, and its absence is said', async () => {
    const server = await startAdminServer();
    const cli = createCommandLine();
    const elsewhere = join(cli.home, 'elsewhere.yml');
    const missing = await cli.run(['--config', elsewhere, 'token', 'client'], { env: connected(server) });
    expect(missing).toMatchObject({ exitCode: 0, stdout: `${issuedToken}\n` });
    expect(missing.stderr).toMatch(/^Config file not found because ".*"\n$/);
    expect(existsSync(elsewhere)).toBe(false);
    await cli.run(['connect', '--config', elsewhere, '--url', server.url, '--id', 'admin'], {
      stdin: 'demo-password\n',
    });
    expect((await cli.run(['token', 'client', '--config', elsewhere])).exitCode).toBe(0);
    expect(readdirSync(cli.home)).toEqual(['elsewhere.yml']);
    await server.close();
  });
});
