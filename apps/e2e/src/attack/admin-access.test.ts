import { describe, expect, it } from 'vitest';
import { type Answer, Browser, send } from '../http.js';
import { admin, authorize, newTokens, rawTo, refresh, revoke, serviceToken, tokensOf, useTarget } from './target.js';

const target = useTarget();

/** Every route of the admin API; the first test holds it against the product. */
const routes = [
  ['GET', '/clients'],
  ['POST', '/clients'],
  ['GET', '/clients/conf'],
  ['PUT', '/clients/conf'],
  ['DELETE', '/clients/conf'],
  ['GET', '/keys/x/y'],
  ['GET', '/keys/x'],
  ['POST', '/keys/x'],
  ['PUT', '/keys/x'],
  ['PUT', '/keys/x/y'],
  ['DELETE', '/keys/x'],
  ['DELETE', '/keys/x/y'],
  ['GET', '/policies'],
  ['POST', '/policies'],
  ['GET', '/policies/x'],
  ['PUT', '/policies/x'],
  ['DELETE', '/policies/x'],
  ['POST', '/warden/allowed'],
  ['POST', '/warden/token/allowed'],
  ['GET', '/warden/groups'],
  ['POST', '/warden/groups'],
  ['GET', '/warden/groups/x'],
  ['DELETE', '/warden/groups/x'],
  ['POST', '/warden/groups/x/members'],
  ['DELETE', '/warden/groups/x/members'],
  ['GET', '/health/stats'],
  ['POST', '/initial-access-tokens'],
  ['POST', '/clients/x/secret'],
  ['DELETE', '/grants'],
  ['GET', '/resource-servers'],
  ['PUT', '/resource-servers/x'],
  ['DELETE', '/resource-servers/x'],
  ['GET', '/rotation'],
  ['POST', '/rotation/x'],
  ['POST', '/rotation/x/emergency'],
  ['POST', '/warden/explain'],
  ['POST', '/access/v1/evaluation'],
  ['POST', '/access/v1/evaluations'],
  ['GET', '/policies/x/history'],
  ['POST', '/policies/x/rollback'],
  ['GET', '/policy-export'],
  ['POST', '/policy-imports'],
  ['POST', '/policy-imports/x/policies'],
  ['POST', '/policy-imports/x/commit'],
  ['DELETE', '/policy-imports/x'],
  ['GET', '/warden/decisions'],
  ['GET', '/admin/oauth2/auth/requests/login'],
  ['PUT', '/admin/oauth2/auth/requests/login/accept'],
  ['PUT', '/admin/oauth2/auth/requests/login/reject'],
  ['GET', '/admin/oauth2/auth/requests/consent'],
  ['PUT', '/admin/oauth2/auth/requests/consent/accept'],
  ['PUT', '/admin/oauth2/auth/requests/consent/reject'],
  ['GET', '/oauth2/consent/requests/x'],
  ['PATCH', '/oauth2/consent/requests/x/accept'],
  ['PATCH', '/oauth2/consent/requests/x/reject'],
  ['GET', '/admin/oauth2/auth/sessions/consent'],
  ['DELETE', '/admin/oauth2/auth/sessions/consent'],
  ['GET', '/admin/oauth2/auth/sessions/login'],
  ['DELETE', '/admin/oauth2/auth/sessions/login'],
  ['GET', '/admin/oauth2/auth/requests/logout'],
  ['PUT', '/admin/oauth2/auth/requests/logout/accept'],
  ['PUT', '/admin/oauth2/auth/requests/logout/reject'],
  ['POST', '/token/explain'],
  ['GET', '/logout/deliveries'],
  ['POST', '/logout/deliveries/x/retry'],
  ['DELETE', '/logout/deliveries/x'],
  ['POST', '/key-imports/x'],
  ['GET', '/admin/clients'],
  ['POST', '/admin/clients'],
  ['GET', '/admin/clients/x'],
  ['PUT', '/admin/clients/x'],
  ['PATCH', '/admin/clients/x'],
  ['DELETE', '/admin/clients/x'],
  ['PUT', '/admin/clients/x/lifespans'],
  ['POST', '/admin/clients/x/secrets/rotate'],
  ['DELETE', '/admin/clients/x/secrets/rotate'],
  ['GET', '/admin/keys/x'],
  ['POST', '/admin/keys/x'],
  ['PUT', '/admin/keys/x'],
  ['DELETE', '/admin/keys/x'],
  ['GET', '/admin/keys/x/x'],
  ['PUT', '/admin/keys/x/x'],
  ['DELETE', '/admin/keys/x/x'],
  ['POST', '/admin/oauth2/introspect'],
  ['DELETE', '/admin/oauth2/tokens'],
] as const;

function ask(
  method: string,
  path: string,
  headers: readonly (readonly [string, string])[],
): Promise<{ status: number; body: string }> {
  return rawTo(target(), { method, path, headers });
}

/** A client that acts for itself with a scope, and one policy for it. */
async function narrowClient(
  id: string,
  resources: readonly string[],
  actions: readonly string[],
  scope = 'hydra',
): Promise<string> {
  const secret = 'a-secret-of-thirty-two-characters';
  const made = await admin(target(), 'POST', '/clients', {
    id,
    client_secret: secret,
    grant_types: ['client_credentials'],
    scope,
  });
  expect(made.status).toBe(201);
  if (resources.length > 0) {
    const policy = await admin(target(), 'POST', '/policies', {
      id: `for-${id}`,
      subjects: [id],
      effect: 'allow',
      resources,
      actions,
    });
    expect(policy.status).toBe(201);
  }
  const answer = await send(`${target().product.publicUrl}/oauth2/token`, {
    form: { grant_type: 'client_credentials', scope },
    basic: [id, secret],
  });
  return tokensOf(answer).access_token;
}

async function statusesOf(token: string, asked: readonly (readonly [string, string, unknown?])[]): Promise<number[]> {
  const answers: Answer[] = [];
  for (const [method, path, json] of asked) answers.push(await admin(target(), method, path, json, token));
  return answers.map((answer) => answer.status);
}

describe('the admin API', () => {
  it('AD-01: the table above is every route there is', async () => {
    const { ADMIN_ROUTES } = await import('@castellan/admin');
    const known = routes.map(([method, path]) => `${method} ${path.split('/').length}`).sort();
    const real = Object.values(ADMIN_ROUTES)
      .map(({ method, path }) => `${method} ${path.split('/').length}`)
      .sort();
    expect(known).toEqual(real);
  });

  it('AD-01: nobody passes without a valid access token of the right kind', async () => {
    const tokens = await newTokens(target());
    const rotated = await newTokens(target());
    await refresh(target(), 'conf', rotated.refresh_token);
    const revoked = await newTokens(target());
    await revoke(target(), revoked.access_token);
    const code = (await authorize(target(), 'conf')).get('code') ?? '';
    const wrong: readonly (readonly [string, string])[] = [
      ['nothing', ''],
      ['Basic credentials of root', `Basic ${Buffer.from('admin:demo-password').toString('base64')}`],
      ['a revoked token', `Bearer ${revoked.access_token}`],
      ['an ID token', `Bearer ${tokens.id_token}`],
      ['a refresh token', `Bearer ${tokens.refresh_token}`],
      ['a code', `Bearer ${code}`],
      ['DPoP', `DPoP ${target().root}`],
      ['an edited token', `Bearer ${target().root.slice(0, -1)}${target().root.endsWith('A') ? 'B' : 'A'}`],
    ];
    for (const [method, path] of routes) {
      for (const [what, authorization] of wrong) {
        const answer = await ask(method, path, authorization === '' ? [] : [['Authorization', authorization]]);
        expect(answer.status, `${method} ${path} with ${what}`).toBe(401);
      }
      const user = await ask(method, path, [['Authorization', `Bearer ${tokens.access_token}`]]);
      expect(user.status, `${method} ${path} with a user’s token`).toBe(403);
    }
    expect((await admin(target(), 'GET', '/clients/conf')).status).toBe(200);
  });

  it('a token for another resource opens nothing here: that resource holds it, too', async () => {
    const [id, secret] = ['two-places', 'a-secret-of-thirty-two-characters'];
    const api = 'https://api.example';
    expect((await admin(target(), 'PUT', '/resource-servers/api', { uri: api })).status).toBe(200);
    const grants = { grant_types: ['client_credentials'], scope: 'hydra', audience: [api] };
    expect((await admin(target(), 'POST', '/clients', { id, client_secret: secret, ...grants })).status).toBe(201);
    const everything = { subjects: [id], effect: 'allow', resources: ['rn:hydra:<.*>'], actions: ['<.*>'] };
    expect((await admin(target(), 'POST', '/policies', { id: `for-${id}`, ...everything })).status).toBe(201);
    const tokenFor = async (form: object): Promise<string> =>
      tokensOf(
        await send(`${target().product.publicUrl}/oauth2/token`, {
          form: { grant_type: 'client_credentials', scope: 'hydra', ...form },
          basic: [id, secret],
        }),
      ).access_token;
    const [own, aimed] = [await tokenFor({}), await tokenFor({ resource: api })];
    const asked = [
      ['GET', '/clients'],
      ['GET', '/policies'],
      ['POST', '/warden/token/allowed', { token: aimed, scopes: [], resource: 'rn:hydra:x', action: 'y' }],
    ] as const;
    expect(await statusesOf(own, asked)).toEqual([200, 200, 200]);
    expect(await statusesOf(aimed, asked)).toEqual([401, 401, 401]);
    const introspect = (bearer: string): Promise<Answer> =>
      send(`${target().product.publicUrl}/oauth2/introspect`, { form: { token: target().root }, bearer });
    expect([(await introspect(own)).status, (await introspect(aimed)).status]).toEqual([200, 401]);
    // What its bearer may do there is for that resource to ask.
    const question = { token: aimed, scopes: [], resource: 'rn:hydra:x', action: 'y' };
    const about = await admin(target(), 'POST', '/warden/token/allowed', question, own);
    expect(about.text).toContain('"allowed":true');
    // TS-07: and it can say that the token must be for it.
    const allowedFor = async (token: string, audience: string): Promise<boolean> => {
      const json = { ...question, token, audience };
      const { text } = await admin(target(), 'POST', '/warden/token/allowed', json, own);
      return (JSON.parse(text) as { allowed: boolean }).allowed;
    };
    expect([await allowedFor(aimed, api), await allowedFor(aimed, `${api}/`), await allowedFor(own, api)]).toEqual([
      true,
      false,
      false,
    ]);
  });

  it('AD-02: scope and policy are both needed', async () => {
    const noPolicy = await narrowClient('no-policy', [], []);
    const noScope = await narrowClient('no-scope', ['rn:hydra:<.*>'], ['<.*>'], 'docs hydraX hydra-clients');
    const both = await narrowClient('both', ['rn:hydra:<.*>'], ['<.*>']);
    for (const [method, path] of routes.filter(([each]) => each === 'GET')) {
      expect((await statusesOf(noPolicy, [[method, path]]))[0], path).toBe(403);
      expect((await statusesOf(noScope, [[method, path]]))[0], path).toBe(403);
    }
    expect(
      await statusesOf(both, [
        ['GET', '/clients'],
        ['GET', '/policies'],
      ]),
    ).toEqual([200, 200]);
  });

  it('AD-03: a policy for one object opens no other, no list and no creation', async () => {
    const token = await narrowClient(
      'reader',
      ['rn:hydra:clients:svc', 'rn:hydra:policies:for-reader', 'rn:hydra:keys:mine:public'],
      ['get'],
    );
    expect(
      await statusesOf(token, [
        ['GET', '/clients/svc'],
        ['GET', '/policies/for-reader'],
      ]),
    ).toEqual([200, 200]);
    const refused = await statusesOf(token, [
      ['GET', '/clients/conf'],
      ['GET', '/clients'],
      ['POST', '/clients', {}],
      ['PUT', '/clients/svc', {}],
      ['DELETE', '/clients/svc'],
      ['GET', '/clients/svc%2F..%2Fconf'],
      ['GET', '/clients/SVC'],
      ['GET', '/policies'],
      ['GET', '/policies/for-both'],
      ['DELETE', '/policies/for-reader'],
      [
        'PUT',
        '/policies/for-reader',
        { id: 'for-reader', subjects: ['reader'], effect: 'allow', resources: ['<.*>'], actions: ['<.*>'] },
      ],
      ['POST', '/warden/allowed', { subject: 'admin', resource: 'x', action: 'y' }],
      ['GET', '/keys/hydra.consent.response/private'],
      ['GET', '/keys/mine/private'],
      ['GET', '/keys/mine'],
    ]);
    expect(refused.every((status) => status === 403 || status === 404)).toBe(true);
    expect(refused.slice(0, 5)).toEqual([403, 403, 403, 403, 403]);
  });

  it('AD-04: the id in a body does not redirect an update', async () => {
    const made = await admin(target(), 'PUT', '/clients/svc', { id: 'conf', scope: 'docs' });
    expect(made.status).toBe(400);
    const policy = await admin(target(), 'PUT', '/policies/for-reader', {
      id: 'other',
      subjects: ['reader'],
      effect: 'allow',
      resources: ['x'],
      actions: ['y'],
    });
    expect(policy.status).toBe(400);
  });

  it('AD-05: who may create one thing gets no other by it', async () => {
    const token = await narrowClient('creator', ['rn:hydra:clients'], ['create']);
    expect(
      await statusesOf(token, [
        ['POST', '/clients', { id: 'by-creator', scope: 'docs' }],
        ['GET', '/clients/by-creator'],
        ['POST', '/policies', { subjects: ['creator'], effect: 'allow', resources: ['<.*>'], actions: ['<.*>'] }],
      ]),
    ).toEqual([201, 403, 403]);
  });

  it('AD-06: a key of one set is not named like a key of another', async () => {
    const token = await narrowClient(
      'keyed',
      ['rn:hydra:keys:a:b:c', 'rn:hydra:keys:team:public:x'],
      ['get', 'update', 'delete', 'create'],
    );
    for (const path of ['/keys/a%3Ab/c', '/keys/a/b%3Ac', '/keys/a:b/c', '/keys/a/b:c']) {
      expect([400, 403, 404], path).toContain((await statusesOf(token, [['GET', path]]))[0]);
    }
    expect((await statusesOf(token, [['PUT', '/keys/a/b:c', { kty: 'oct', kid: 'b:c', k: 'x'.repeat(43) }]]))[0]).toBe(
      403,
    );
    for (const id of [
      '<.*>',
      '%3A',
      'a/b',
      'a b',
      'a\\b',
      '..',
      '.',
      '',
      'x'.repeat(256),
      'a\nb',
      'a%b',
      'a?b',
      'a#b',
    ]) {
      const client = await admin(target(), 'POST', '/clients', { id: id === '' ? ' ' : id });
      expect(client.status, `client ${id}`).toBe(400);
      const policy = await admin(target(), 'POST', '/policies', {
        id: id === '' ? ' ' : id,
        subjects: ['x'],
        effect: 'allow',
        resources: ['x'],
        actions: ['x'],
      });
      expect(policy.status, `policy ${id}`).toBe(400);
      const group = await admin(target(), 'POST', '/warden/groups', { id: id === '' ? ' ' : id, members: [] });
      expect(group.status, `group ${id}`).toBe(400);
    }
  });

  it('AD-06: a client id with a colon is one part of a name', async () => {
    expect((await admin(target(), 'POST', '/clients', { id: 'svc:inner', scope: 'docs' })).status).toBe(201);
    const token = await narrowClient('colon', ['rn:hydra:clients:svc:inner'], ['get']);
    expect((await statusesOf(token, [['GET', '/clients/svc:inner']]))[0]).toBe(403);
    const escaped = await narrowClient('escaped', ['rn:hydra:clients:svc%3Ainner'], ['get']);
    expect(
      await statusesOf(escaped, [
        ['GET', '/clients/svc:inner'],
        ['GET', '/clients/svc%3ainner'],
      ]),
    ).toEqual([200, 200]);
  });

  it.each([
    '/clients/..',
    '/clients/%2e%2e',
    '/clients/%2e%2e%2f',
    '/clients/..%2fpolicies',
    '/clients/..%5c',
    '/clients/.',
    '/clients/',
    '/keys/../clients',
    '/keys/%2e%2e/x',
    '/keys/x/%2e%2e',
    '/keys/x/..%2f..%2fclients',
    '/policies/..',
    '/warden/groups/..',
    `/clients/${'x'.repeat(10_240)}`,
  ])('AD-07: %s names nothing', async (path) => {
    const answer = await ask('GET', path, [['Authorization', `Bearer ${target().root}`]]);
    expect([400, 404, 414]).toContain(answer.status);
    expect(answer.body).not.toContain('rp.example');
  });

  it('AD-09, JK-01: nobody reads a public key without a policy for nobody, and a private one never', async () => {
    expect((await admin(target(), 'POST', '/keys/open', { alg: 'RS256' })).status).toBe(201);
    for (const path of ['/keys/open/public', '/keys/open/private', '/keys/open'])
      expect((await ask('GET', path, [])).status, path).toBe(401);
    await admin(target(), 'POST', '/policies', {
      id: 'everybody',
      subjects: ['<.*>'],
      effect: 'allow',
      resources: ['rn:hydra:keys:<.*>'],
      actions: ['get'],
    });
    expect((await ask('GET', '/keys/open/public', [])).status).toBe(200);
    for (const path of [
      '/keys/open/private',
      '/keys/open',
      '/keys/hydra.consent.response/private',
      '/keys/open/public%2F..%2Fprivate',
      '/keys/open/PUBLIC',
      '/keys/open/public:..',
    ]) {
      const answer = await ask('GET', path, []);
      expect([400, 401, 403, 404], path).toContain(answer.status);
      expect(answer.body).not.toContain('"d"');
    }
    // Nor does a broken token make somebody nobody where a key is not public.
    expect((await ask('GET', '/keys/open/private', [['Authorization', 'Bearer x']])).status).toBe(401);
    await admin(target(), 'DELETE', '/policies/everybody');
    expect((await ask('GET', '/keys/open/public', [])).status).toBe(401);
  });

  it('AD-09: a pattern for everybody allows nobody to do anything else', async () => {
    await admin(target(), 'POST', '/policies', {
      id: 'wide-open',
      subjects: ['<.*>', '<.+>'],
      effect: 'allow',
      resources: ['<.*>'],
      actions: ['<.*>'],
    });
    for (const [method, path] of routes) {
      if (path.startsWith('/keys') && method === 'GET') continue;
      expect((await ask(method, path, [])).status, `${method} ${path}`).toBe(401);
    }
    await admin(target(), 'DELETE', '/policies/wide-open');
  });

  it('AD-11: a browser’s cookies open nothing', async () => {
    const browser = new Browser();
    await browser.send(`${target().product.publicUrl}/oauth2/auth?client_id=conf`);
    for (const cookie of [`access_token=${target().root}`, `Authorization=Bearer ${target().root}`]) {
      expect(
        (
          await ask('POST', '/clients', [
            ['Cookie', cookie],
            ['Content-Type', 'text/plain'],
            ['Origin', 'https://evil.example'],
          ])
        ).status,
      ).toBe(401);
    }
  });

  it('AD-12: a token ends with its client at once, on every route', async () => {
    const token = await narrowClient('leaver', ['rn:hydra:clients'], ['get']);
    expect((await statusesOf(token, [['GET', '/clients']]))[0]).toBe(200);
    await admin(target(), 'DELETE', '/clients/leaver');
    expect((await statusesOf(token, [['GET', '/clients']]))[0]).toBe(401);
  });

  it('AD-18: health and statistics tell no secret and no client', async () => {
    await serviceToken(target(), 'docs');
    for (const path of ['/health/stats', '/health/ready', '/health/alive', '/health']) {
      const answer = await admin(target(), 'GET', path);
      expect(answer.status).toBe(200);
      expect(answer.text).not.toMatch(/postgres|svc|conf|secret|token=/i);
    }
  });
});
