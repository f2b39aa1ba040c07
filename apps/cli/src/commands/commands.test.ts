import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { issuedToken, type Answer } from '../testing/admin-server.js';
import { connectCommandLine } from '../testing/connected-command-line.js';
import { samplePolicy as policy } from '../testing/sample-policy.js';

const { server, cli } = await connectCommandLine();

const exportedKey = { kty: 'OKP', kid: 'k1', crv: 'Ed25519', x: '11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo' };
const exportedPem =
  '-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEA11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=\n-----END PUBLIC KEY-----\n';

const delivery = {
  id: '7',
  kind: 'logout.back-channel',
  client_id: 'rp',
  subject: 'alice',
  state: 'dead',
  attempts: 9,
  created_at: '2026-01-01T00:00:00Z',
  gives_up_at: '2026-01-02T00:00:00Z',
  problem: 'HTTP 500',
};

type Row = {
  readonly args: readonly string[];
  /** Answers by method and path, in the order of the requests. */
  readonly answers: Readonly<Record<string, Answer>>;
  readonly sent?: unknown;
  readonly stdout: string;
};

const warning =
  'You should not provide secrets using command line flags. The secret might leak to bash history and similar systems.\n';

const rows: readonly Row[] = [
  {
    args: ['clients', 'create', '--skip-tls-verify', '--id', 'consent-app', '--secret', 'consent-secret', '--name']
      .concat(['Consent App Client', '--grant-types', 'client_credentials', '--response-types', 'token'])
      .concat(['--allowed-scopes', 'hydra.keys.get']),
    answers: { 'POST /clients': { status: 201, body: { id: 'consent-app', client_secret: 'consent-secret' } } },
    sent: {
      id: 'consent-app',
      client_name: 'Consent App Client',
      client_secret: 'consent-secret',
      redirect_uris: [],
      grant_types: ['client_credentials'],
      response_types: ['token'],
      scope: 'hydra.keys.get',
      public: false,
    },
    stdout: `${warning}Client ID: consent-app\nClient Secret: consent-secret\n`,
  },
  {
    args: [
      'clients',
      'create',
      '-g',
      'authorization_code,refresh_token',
      '-g',
      'client_credentials',
      '-a',
      'openid,offline',
    ],
    answers: { 'POST /clients': { status: 201, body: { id: '6a1d', client_secret: 'made-by-the-server' } } },
    sent: {
      client_name: '',
      redirect_uris: [],
      grant_types: ['authorization_code', 'refresh_token', 'client_credentials'],
      response_types: ['code'],
      scope: 'openid offline',
      public: false,
    },
    stdout: 'Client ID: 6a1d\nClient Secret: made-by-the-server\n',
  },
  {
    args: [
      ...[
        'clients',
        'create',
        '--id',
        'leaver',
        '--post-logout-callbacks',
        'https://rp.example/bye,https://rp.example/',
      ],
      ...['--backchannel-logout-callback', 'https://rp.example/logout', '--backchannel-logout-session-required'],
      ...['--frontchannel-logout-callback', 'https://rp.example/frame', '--skip-logout-consent'],
    ],
    answers: { 'POST /clients': { status: 201, body: { id: 'leaver', client_secret: 's' } } },
    sent: {
      id: 'leaver',
      client_name: '',
      redirect_uris: [],
      grant_types: ['authorization_code'],
      response_types: ['code'],
      scope: '',
      public: false,
      post_logout_redirect_uris: ['https://rp.example/bye', 'https://rp.example/'],
      backchannel_logout_uri: 'https://rp.example/logout',
      backchannel_logout_session_required: true,
      frontchannel_logout_uri: 'https://rp.example/frame',
      skip_logout_consent: true,
    },
    stdout: 'Client ID: leaver\nClient Secret: s\n',
  },
  {
    args: ['keys', 'export', 'mine', '--format', 'pem'],
    answers: { 'GET /keys/mine/public': { status: 200, body: { keys: [exportedKey] } } },
    stdout: exportedPem,
  },
  {
    args: ['keys', 'export', 'mine', 'k1'],
    answers: { 'GET /keys/mine/k1': { status: 200, body: { keys: [{ ...exportedKey, d: 'secret' }] } } },
    stdout: `${JSON.stringify({ kty: 'OKP', kid: 'k1', crv: 'Ed25519', x: exportedKey.x }, null, '\t')}\n`,
  },
  {
    args: ['logout', 'deliveries', 'list', '--state', 'dead'],
    answers: { 'GET /logout/deliveries?limit=200&state=dead': { status: 200, body: [delivery] } },
    stdout:
      'ID  STATE  CLIENT ID  SUBJECT  ATTEMPTS  CREATED AT            DUE AT  GIVES UP AT           PROBLEM\n' +
      '7   dead   rp         alice    9         2026-01-01T00:00:00Z  -       2026-01-02T00:00:00Z  HTTP 500\n',
  },
  {
    args: ['logout', 'deliveries', 'list', '--format', 'yaml'],
    answers: { 'GET /logout/deliveries?limit=200': { status: 200, body: [{ id: '7', state: 'dead' }] } },
    stdout: '- id: "7"\n  state: dead\n',
  },
  {
    args: ['logout', 'deliveries', 'list', '--format', 'json'],
    answers: { 'GET /logout/deliveries?limit=200': { status: 200, body: [] } },
    stdout: '[]\n',
  },
  {
    args: ['logout', 'deliveries', 'retry', '7'],
    answers: { 'POST /logout/deliveries/7/retry': { status: 204 } },
    sent: {},
    stdout: 'Delivery 7 is tried again.\n',
  },
  {
    args: ['logout', 'deliveries', 'discard', '7'],
    answers: { 'DELETE /logout/deliveries/7': { status: 204 } },
    stdout: 'Delivery 7 discarded.\n',
  },
  {
    args: ['clients', 'get', 'c&d'],
    answers: { 'GET /clients/c%26d': { status: 200, body: { id: 'c&d', redirect_uris: null } } },
    stdout: '{\n\t"id": "c\\u0026d",\n\t"redirect_uris": null\n}\n',
  },
  {
    args: ['clients', 'list'],
    answers: { 'GET /clients': { status: 200, body: { admin: { id: 'admin' } } } },
    stdout: '{\n\t"admin": {\n\t\t"id": "admin"\n\t}\n}\n',
  },
  {
    args: ['clients', 'rotate-secret', 'a', '--overlap', '1h'],
    answers: { 'POST /clients/a/secret': { status: 200, body: { id: 'a', client_secret: 'cs_new' } } },
    sent: { overlap: '1h' },
    stdout: 'Client ID: a\nClient Secret: cs_new\n',
  },
  {
    args: ['resource-servers', 'put', 'photos', '--uri', 'https://api.example/', '--scopes', 'a,b'].concat([
      '--access-token-format',
      'jwt',
    ]),
    answers: { 'PUT /resource-servers/photos': { status: 200, body: { id: 'photos' } } },
    sent: { uri: 'https://api.example/', name: '', scope: 'a b', access_token_format: 'jwt' },
    stdout: '{\n\t"id": "photos"\n}\n',
  },
  {
    args: ['token', 'revoke-grants', '--client', 'c1', '--subject', 'alice'],
    answers: { 'DELETE /grants?client_id=c1&subject=alice': { status: 204 } },
    stdout: 'Grants revoked.\n',
  },
  {
    args: ['resource-servers', 'delete', 'photos'],
    answers: { 'DELETE /resource-servers/photos': { status: 204 } },
    stdout: 'Resource server photos deleted.\n',
  },
  {
    args: ['clients', 'delete', 'a', 'b'],
    answers: { 'DELETE /clients/a': { status: 204 }, 'DELETE /clients/b': { status: 204 } },
    stdout: 'Client(s) deleted.\n',
  },
  {
    args: ['policies', 'create', '--actions', 'get', '--allow', '--id', 'consent-app-policy', '--resources'].concat([
      'rn:hydra:keys:hydra.consent.<.*>',
      '--subjects',
      'consent-app',
    ]),
    answers: { 'POST /policies': { status: 201, body: { id: 'consent-app-policy' } } },
    sent: {
      id: 'consent-app-policy',
      description: '',
      subjects: ['consent-app'],
      effect: 'allow',
      resources: ['rn:hydra:keys:hydra.consent.<.*>'],
      actions: ['get'],
      conditions: {},
    },
    stdout: 'Created policy consent-app-policy.\n',
  },
  {
    args: ['policies', 'get', 'p1'],
    answers: { 'GET /policies/p1': { status: 200, body: { id: 'p1', resources: ['<.*>'] } } },
    stdout: '{\n\t"id": "p1",\n\t"resources": [\n\t\t"\\u003c.*\\u003e"\n\t]\n}\n',
  },
  {
    args: ['policies', 'delete', 'p1'],
    answers: { 'DELETE /policies/p1': { status: 204 } },
    stdout: 'Connection p1 deleted.\n',
  },
  ...(['actions', 'resources', 'subjects'] as const).flatMap((name): Row[] => [
    {
      args: ['policies', name, 'add', 'p1', 'x', policy[name][0] ?? ''],
      answers: { 'GET /policies/p1': { status: 200, body: policy }, 'PUT /policies/p1': { status: 200, body: policy } },
      sent: { ...policy, [name]: [...policy[name], 'x'] },
      stdout: `Added ${name} to policy p1\n`,
    },
    {
      args: ['policies', name, 'remove', 'p1', policy[name][0] ?? ''],
      answers: { 'GET /policies/p1': { status: 200, body: policy }, 'PUT /policies/p1': { status: 200, body: policy } },
      sent: { ...policy, [name]: [] },
      stdout: `Removed ${name} from policy p1\n`,
    },
  ]),
  {
    args: ['groups', 'create', 'g'],
    answers: { 'POST /warden/groups': { status: 201, body: { id: 'g', members: null } } },
    sent: { id: 'g', members: [] },
    stdout: 'Group g created.\n',
  },
  {
    args: ['groups', 'delete', 'g'],
    answers: { 'DELETE /warden/groups/g': { status: 204 } },
    stdout: 'Group g deleted.\n',
  },
  {
    args: ['groups', 'find', 'a b'],
    answers: { 'GET /warden/groups?member=a+b': { status: 200, body: ['g1', 'g2'] } },
    stdout: 'Subject a b belongs to groups [g1 g2].\n',
  },
  {
    args: ['groups', 'find', 'nobody'],
    answers: { 'GET /warden/groups?member=nobody': { status: 200, body: 'null' } },
    stdout: 'Subject nobody belongs to groups [].\n',
  },
  {
    args: ['groups', 'members', 'add', 'g', 'a', 'b'],
    answers: { 'POST /warden/groups/g/members': { status: 204 } },
    sent: { members: ['a', 'b'] },
    stdout: 'Members [a b] added to group g.\n',
  },
  {
    args: ['groups', 'members', 'remove', 'g', 'a'],
    answers: { 'DELETE /warden/groups/g/members': { status: 204 } },
    sent: { members: ['a'] },
    stdout: 'Members [a] removed from group g.\n',
  },
  {
    args: ['keys', 'create', 's', '--alg', 'HS256'],
    answers: { 'POST /keys/s': { status: 201, body: { keys: [{ kty: 'oct', kid: 'shared', k: 'x' }] } } },
    sent: { alg: 'HS256' },
    stdout: '{\n\t"keys": [\n\t\t{\n\t\t\t"kty": "oct",\n\t\t\t"kid": "shared",\n\t\t\t"k": "x"\n\t\t}\n\t]\n}\n',
  },
  {
    args: ['keys', 'get', 's'],
    answers: { 'GET /keys/s': { status: 200, body: { keys: null } } },
    stdout: '{\n\t"keys": null\n}\n',
  },
  { args: ['keys', 'delete', 's'], answers: { 'DELETE /keys/s': { status: 204 } }, stdout: 'Key set deleted.\n' },
  {
    args: ['warden', 'check', 'peter', 'read', 'article:1', '--context', '{"ip":"10.0.0.1"}'],
    answers: { 'POST /warden/allowed': { status: 200, body: { allowed: true } } },
    sent: { subject: 'peter', action: 'read', resource: 'article:1', context: { ip: '10.0.0.1' } },
    stdout: '{\n\t"allowed": true\n}\n',
  },
  {
    args: ['warden', 'explain', 'peter', 'read', 'article:1', '--context', '{"ip":"10.0.0.1"}'],
    answers: { 'POST /warden/explain': { status: 200, body: { allowed: false, reason: 'default' } } },
    sent: { subject: 'peter', action: 'read', resource: 'article:1', context: { ip: '10.0.0.1' } },
    stdout: '{\n\t"allowed": false,\n\t"reason": "default"\n}\n',
  },
  {
    args: ['warden', 'token-allowed', 'a.b', 'read', 'article:1', '--scopes', 'x,y'],
    answers: { 'POST /warden/token/allowed': { status: 200, body: { allowed: true, sub: 'peter' } } },
    sent: { token: 'a.b', scopes: ['x', 'y'], action: 'read', resource: 'article:1', context: {} },
    stdout: '{\n\t"allowed": true,\n\t"sub": "peter"\n}\n',
  },
];

describe('a command of the admin API', () => {
  it.each(rows.map((row) => [row.args.slice(0, 4).join(' '), row] as const))('%s', async (_title, row) => {
    for (const [request, answer] of Object.entries(row.answers)) server.answers.set(request, answer);
    const outcome = await cli.run(row.args);
    expect(outcome).toMatchObject({ exitCode: 0, stdout: row.stdout });
    expect(server.seen.map(({ method, path }) => `${method} ${path}`)).toEqual(Object.keys(row.answers));
    expect(server.seen.every(({ headers }) => headers.authorization === `Bearer ${issuedToken}`)).toBe(true);
    if (row.sent !== undefined) expect(JSON.parse(server.seen.at(-1)?.body ?? '')).toEqual(row.sent);
  });

  it('imports clients and policies from files', async () => {
    const [client, document] = [join(cli.home, 'client.json'), join(cli.home, 'policy.json')];
    writeFileSync(client, JSON.stringify({ id: 'c1', client_secret: 'from-the-file' }));
    writeFileSync(document, JSON.stringify(policy));
    server.answers.set('POST /clients', { status: 201, body: { id: 'c1', client_secret: 'from-the-file' } });
    server.answers.set('POST /policies', { status: 201, body: policy });
    expect((await cli.run(['clients', 'import', client])).stdout).toBe(
      `Imported client c1:from-the-file from ${client}.\n`,
    );
    expect((await cli.run(['policies', 'create', '-f', document])).stdout).toBe(
      `Imported policy p1 from ${document}.\n`,
    );
    writeFileSync(client, '{');
    expect(await cli.run(['clients', 'import', client])).toMatchObject({
      exitCode: 1,
      stderr: expect.stringMatching(/^Could not parse JSON: /) as string,
    });
    expect((await cli.run(['clients', 'import', 'nowhere.json'])).stderr).toMatch(
      /^Could not open file nowhere.json: /,
    );
  });

  it('reads the secret of a new client from standard input', async () => {
    server.answers.set('POST /clients', { status: 201, body: { id: 'c1', client_secret: 'piped secret' } });
    const outcome = await cli.run(['clients', 'create', '--id', 'c1', '--secret-stdin'], { stdin: 'piped secret\n' });
    expect(outcome.stdout).toBe('Client ID: c1\nClient Secret: piped secret\n');
    expect(JSON.parse(server.seen[0]?.body ?? '')).toMatchObject({ client_secret: 'piped secret' });
  });

  it('keeps an id within its path segment', async () => {
    for (const [id, path] of [
      ['..', '/clients/%2E%2E'],
      ['../keys/x', '/clients/..%2Fkeys%2Fx'],
      ['a?b#c', '/clients/a%3Fb%23c'],
    ] as const) {
      server.answers.set(`DELETE ${path}`, { status: 204 });
      expect((await cli.run(['clients', 'delete', id])).exitCode).toBe(0);
      expect(server.seen.at(-1)?.path).toBe(path);
    }
    expect((await cli.run(['clients', 'delete', ''])).exitCode).toBe(2);
  });

  it('sends admin calls to the admin URL and keeps its path prefix', async () => {
    server.answers.set('GET /admin/policies/p1', { status: 200, body: policy });
    const outcome = await cli.run(['policies', 'get', 'p1'], { env: { ADMIN_URL: `${server.url}/admin/` } });
    expect(outcome.exitCode).toBe(0);
  });

  it('pretends TLS termination where asked', async () => {
    server.answers.set('GET /keys/s', { status: 200, body: { keys: [] } });
    await cli.run(['keys', '--fake-tls-termination', 'get', 's']);
    expect(server.seen[0]?.headers['x-forwarded-proto']).toBe('https');
  });
});
