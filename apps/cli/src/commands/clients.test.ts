import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { clientFlags } from '../clients/client-flags.js';
import { connectCommandLine } from '../testing/connected-command-line.js';

const { server, cli } = await connectCommandLine();

function file(name: string, content: string): string {
  const path = join(cli.home, name);
  writeFileSync(path, content);
  return path;
}

const publicKey = { kty: 'OKP', kid: 'k1', crv: 'Ed25519', x: '11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo' };

describe('the flags of a client', () => {
  it('are there for every member that RFC 7591, OpenID Connect and Hydra give it', () => {
    const members = [
      ...['redirect_uris', 'token_endpoint_auth_method', 'grant_types', 'response_types', 'client_name', 'client_uri'],
      ...['logo_uri', 'scope', 'contacts', 'tos_uri', 'policy_uri', 'jwks_uri', 'jwks', 'application_type'],
      ...['sector_identifier_uri', 'subject_type', 'id_token_signed_response_alg', 'userinfo_signed_response_alg'],
      ...['request_object_signing_alg', 'token_endpoint_auth_signing_alg', 'default_max_age', 'default_acr_values'],
      ...['initiate_login_uri', 'request_uris', 'post_logout_redirect_uris', 'backchannel_logout_uri', 'metadata'],
      ...['backchannel_logout_session_required', 'frontchannel_logout_uri', 'frontchannel_logout_session_required'],
      ...['audience', 'owner', 'skip_consent', 'skip_logout_consent', 'access_token_strategy', 'require_pkce'],
      ...['login_consent_flow', 'refresh_token_grant_refresh_token_lifespan'],
    ];
    expect(members.filter((member) => !clientFlags.some((one) => one.member === member))).toEqual([]);
  });

  it('make the body of the API of 0.9, with nothing that is not given', async () => {
    server.answers.set('POST /clients', { status: 201, body: { id: 'a', client_secret: 's' } });
    const keys = file('key.json', JSON.stringify(publicKey));
    const { stdout, stderr } = await cli.run([
      ...['clients', 'create', '--id', 'a', '--name', 'A', '--grant-type', 'refresh_token', '--scope', 'x,y'],
      ...['--redirect-uri', 'https://a.example/cb', '--response-type', 'code', '--response-type', 'id_token'],
      ...['--audience', 'urn:api', '--owner', 'team', '--metadata', '{"tier":1}', '--contact', 'a@b.example'],
      ...['--token-endpoint-auth-method', 'private_key_jwt', '--jwks', keys, '--access-token-strategy', 'jwt'],
      ...['--skip-consent', '--default-max-age', '60', '--client-credentials-grant-access-token-lifespan', '5m'],
    ]);
    expect([stdout, stderr]).toEqual(['Client ID: a\nClient Secret: s\n', '']);
    expect(JSON.parse(server.seen[0]?.body ?? '')).toEqual({
      id: 'a',
      client_name: 'A',
      redirect_uris: ['https://a.example/cb'],
      grant_types: ['refresh_token'],
      response_types: ['code', 'id_token'],
      scope: 'x y',
      public: false,
      audience: ['urn:api'],
      owner: 'team',
      metadata: { tier: 1 },
      contacts: ['a@b.example'],
      token_endpoint_auth_method: 'private_key_jwt',
      jwks: { keys: [publicKey] },
      access_token_format: 'jwt',
      skip_consent: true,
      default_max_age: 60,
      lifespans: { client_credentials_grant_access_token_lifespan: '5m' },
    });
  });

  it.each([
    ['--metadata', ['--metadata', '[1]'], 'Error: --metadata is not a JSON object'],
    ['--default-max-age', ['--default-max-age', '1m'], 'Error: --default-max-age is not a number of seconds: 1m'],
    ['two names of one member', ['--scope', 'a', '-a', 'b'], 'Error: --scope and --allowed-scopes say the same'],
    ['two secrets', ['--secret', 'a', '--secret-stdin'], 'Error: --secret and --secret-stdin both give a secret'],
  ])('refuse %s before anything is sent', async (_title, args, message) => {
    const { exitCode, stderr } = await cli.run(['clients', 'create', ...args], { stdin: 'b\n' });
    expect([exitCode, server.seen.length]).toEqual([2, 0]);
    expect(stderr).toContain(message);
  });

  it.each([
    ['a private key', JSON.stringify({ keys: [{ ...publicKey, d: 'secret-part' }] }), 'private or symmetric'],
    ['a symmetric key', JSON.stringify({ kty: 'oct', k: 'secret-part' }), 'private or symmetric'],
    ['something else', '{"a":1}', 'neither a JWK Set nor a JWK'],
  ])('send no JWK Set that holds %s', async (_title, content, message) => {
    const { exitCode, stderr } = await cli.run(['clients', 'create', '--jwks', file('bad.json', content)]);
    expect([exitCode, server.seen.length]).toEqual([1, 0]);
    expect(stderr).toContain(message);
    expect(stderr).not.toContain('secret-part');
  });
});

describe('clients create', () => {
  it('takes the secret from the first line of a file, and shows none in a dry run', async () => {
    server.answers.set('POST /clients', { status: 201, body: { id: 'a' } });
    const args = ['clients', 'create', '--id', 'a', '--secret-file', file('secret', 'from-a-file\nmore\n')];
    expect((await cli.run(args)).stdout).toBe('Client ID: a\nClient Secret: from-a-file\n');
    expect(JSON.parse(server.seen[0]?.body ?? '')).toMatchObject({ client_secret: 'from-a-file' });
    const dry = await cli.run([...args, '--dry', '--format', 'json']);
    expect(dry.stdout).toContain("/admin/clients'");
    expect(dry.stdout + dry.stderr).not.toContain('from-a-file');
    expect(server.seen).toHaveLength(1);
  });

  it('prints the client that the admin API answers, with the warnings on stderr', async () => {
    server.answers.set('POST /admin/clients', { status: 201, body: { client_id: 'a', client_secret: 's' } });
    const args = ['clients', 'create', '--id', 'a', '--is-public', '--secret', 'on-the-line', '--format', 'json'];
    const { stdout, stderr } = await cli.run(args);
    expect(JSON.parse(stdout)).toEqual({ client_id: 'a', client_secret: 's' });
    expect(stderr).not.toContain('on-the-line');
    expect(Object.keys(JSON.parse(stderr) as object)).toEqual(['note']);
    expect(JSON.parse(server.seen[0]?.body ?? '')).toMatchObject({
      client_id: 'a',
      token_endpoint_auth_method: 'none',
    });
  });
});

describe('clients update', () => {
  const update = ['clients', 'update', 'a'];

  it('changes what is given, on the condition that the client is what was read', async () => {
    server.answers.set('GET /admin/clients/a', { status: 200, body: {}, headers: { ETag: '"v7"' } });
    server.answers.set('PATCH /admin/clients/a', { status: 200, body: { client_id: 'a' } });
    const args = ['--name', 'B', '--skip-consent=false', '--logo-uri', '', '--secret-stdin'];
    const more = ['--refresh-token-grant-access-token-lifespan', ''];
    const { stdout, stderr } = await cli.run([...update, ...args, ...more], { stdin: 'new-secret\n' });
    expect([stdout, stderr]).toEqual(['Client a updated.\n', '']);
    expect(server.seen[1]?.headers).toMatchObject({
      'if-match': '"v7"',
      'content-type': 'application/json-patch+json',
    });
    expect(JSON.parse(server.seen[1]?.body ?? '')).toEqual([
      { op: 'add', path: '/client_name', value: 'B' },
      { op: 'add', path: '/logo_uri', value: '' },
      { op: 'add', path: '/skip_consent', value: false },
      { op: 'add', path: '/refresh_token_grant_access_token_lifespan', value: null },
      { op: 'add', path: '/client_secret', value: 'new-secret' },
    ]);
  });

  it('says that somebody else was faster, and what to do', async () => {
    server.answers.set('GET /admin/clients/a', { status: 200, body: {}, headers: { ETag: '"v7"' } });
    server.answers.set('PATCH /admin/clients/a', { status: 412, body: { error: 'precondition_failed' } });
    const { exitCode, stdout, stderr } = await cli.run([...update, '--name', 'B']);
    expect([exitCode, stdout]).toEqual([1, '']);
    expect(stderr).toMatch(
      /^Client a was changed by somebody else .*nothing of yours is stored.*repeat the command\.\n$/,
    );
  });

  it('refuses to change nothing', async () => {
    const { exitCode, stderr } = await cli.run(update);
    expect([exitCode, server.seen.length]).toEqual([2, 0]);
    expect(stderr).toContain('there is nothing to change');
  });

  it('reads the client in a dry run too, and shows the change without its secret', async () => {
    server.answers.set('GET /admin/clients/a', { status: 200, body: {}, headers: { ETag: '"v7"' } });
    const { stdout } = await cli.run([...update, '--dry', '--secret-stdin'], { stdin: 'new-secret\n' });
    expect(stdout).toContain('If-Match: "v7"');
    expect(stdout).toContain('\\u003csecret\\u003e');
    expect(stdout).not.toContain('new-secret');
  });
});

describe('clients list', () => {
  it('reads every page where a format is asked for', async () => {
    const next = '</admin/clients?page_size=250&page_token=t2>; rel="next"';
    const first = '</admin/clients?page_size=250>; rel="first"';
    const page = { status: 200, body: [{ client_id: 'a' }], headers: { Link: `${first}, ${next}` } };
    server.answers.set('GET /admin/clients?page_size=250', page);
    server.answers.set('GET /admin/clients?page_size=250&page_token=t2', {
      status: 200,
      body: [{ client_id: 'b' }],
      headers: { Link: first },
    });
    const { stdout } = await cli.run(['clients', 'list', '--format', 'json']);
    expect(JSON.parse(stdout)).toEqual([{ client_id: 'a' }, { client_id: 'b' }]);
  });

  it('shows one page, and how to get the next', async () => {
    const link = '</admin/clients?page_size=1&page_token=t2>; rel="next"';
    const one = { status: 200, body: [{ client_id: 'a' }], headers: { Link: link } };
    server.answers.set('GET /admin/clients?page_size=1&client_name=n&owner=o', one);
    const args = ['clients', 'list', '--page-size', '1', '--name', 'n', '--owner', 'o'];
    const { stdout } = await cli.run(args);
    expect(JSON.parse(stdout)).toEqual({ items: [{ client_id: 'a' }], next_page_token: 't2', is_last_page: false });
    const table = await cli.run([...args, '--format', 'table']);
    expect(table.stdout).toMatch(/^CLIENT ID +CLIENT NAME/);
    expect(table.stderr).toBe('There are more: --page-token t2\n');
    expect((await cli.run(['clients', 'list', '--page-size', '0'])).exitCode).toBe(2);
  });
});

describe('clients import', () => {
  it('takes clients of both APIs, from a list or from standard input', async () => {
    server.answers.set('POST /clients', { status: 201, body: { id: 'old', client_secret: 's1' } });
    server.answers.set('POST /admin/clients', { status: 201, body: { client_id: 'new', client_secret: 's2' } });
    const path = file('clients.json', JSON.stringify([{ id: 'old' }, { client_id: 'new' }]));
    const { stdout } = await cli.run(['clients', 'import', path]);
    expect(stdout).toBe(`Imported client old:s1 from ${path}.\nImported client new:s2 from ${path}.\n`);
    const piped = await cli.run(['clients', 'import', '-', '--format', 'json'], { stdin: '{"client_id":"new"}' });
    expect(JSON.parse(piped.stdout)).toEqual([{ client_id: 'new', client_secret: 's2' }]);
  });
});

describe('clients rotate-secret and end-old-secret', () => {
  it('answer the client in the format asked for', async () => {
    server.answers.set('POST /admin/clients/a/secrets/rotate', {
      status: 200,
      body: { client_id: 'a', client_secret: 'n' },
    });
    server.answers.set('DELETE /admin/clients/a/secrets/rotate', { status: 200, body: { client_id: 'a' } });
    const rotated = await cli.run(['clients', 'rotate-secret', 'a', '--overlap', '1h', '--format', 'yaml']);
    expect(rotated.stdout).toBe('client_id: a\nclient_secret: n\n');
    expect(JSON.parse(server.seen[0]?.body ?? '')).toEqual({ overlap: '1h' });
    expect((await cli.run(['clients', 'end-old-secret', 'a'])).stdout).toBe('The old secret of client a is ended.\n');
  });
});
