import { describe, expect, it } from 'vitest';
import { sendRawForm } from './raw.js';
import {
  admin,
  authorizationQuery,
  comeBack,
  consentResponse,
  newCode,
  rawTo,
  redeem,
  startFlow,
  useTarget,
} from './target.js';

const target = useTarget({ env: { CORS_ALLOWED_ORIGINS: 'https://rp.example' } });
const payloads = [
  '<script>alert(1)</script>',
  '"><img src=x onerror=alert(1)>',
  "' onmouseover='alert(1)",
  '</code></p><svg/onload=alert(1)>',
  'javascript:alert(1)',
  '<iframe srcdoc="<script>1</script>">',
  '{{constructor.constructor("alert(1)")()}}',
  '${alert(1)}',
  '\u003cscript\u003e',
  '&lt;script&gt;',
  '<!--<script>-->',
  '\u2028<b>',
];

describe('headers of answers', () => {
  it('HD-01: what carries secrets is not stored', async () => {
    const code = await newCode(target());
    const token = await redeem(target(), 'conf', code);
    expect([token.headers['cache-control'], token.headers['pragma']]).toEqual(['no-store', 'no-cache']);
    const flow = await startFlow(target(), 'conf');
    const callback = await comeBack(flow, consentResponse(target(), flow));
    expect(callback.headers['cache-control']).toBe('no-store');
    for (const path of ['/clients', '/clients/conf', '/keys/hydra.consent.response', '/policies', '/nothing']) {
      expect((await admin(target(), 'GET', path)).headers['cache-control'], path).toBe('no-store');
    }
    const made = await admin(target(), 'POST', '/clients', {});
    expect([made.status, made.headers['cache-control']]).toEqual([201, 'no-store']);
    const secret = (JSON.parse(made.text) as { client_secret: string }).client_secret;
    target().secrets.add(secret);
    const introspected = await sendRawForm(target().port, '/oauth2/introspect', 'token=x');
    expect(introspected.headers.get('cache-control')).toEqual(['no-store']);
  });

  it('HD-02: public keys and metadata may be kept for a while', async () => {
    for (const path of ['/.well-known/jwks.json', '/.well-known/openid-configuration']) {
      const answer = await rawTo(target(), { path });
      expect(answer.headers.get('cache-control')?.[0]).toMatch(/max-age=\d+/);
      const etag = answer.headers.get('etag')?.[0];
      if (etag === undefined) continue;
      expect((await rawTo(target(), { path, headers: [['If-None-Match', etag]] })).status).toBe(304);
    }
  });

  it.each(['/oauth2/auth', `/oauth2/auth?${authorizationQuery('conf')}`, '/oauth2/%61uth'])(
    'HD-03: %s takes no script of any origin',
    async (path) => {
      const preflight = [
        ['Origin', 'https://rp.example'],
        ['Access-Control-Request-Method', 'GET'],
      ] as const;
      for (const method of ['GET', 'OPTIONS', 'POST']) {
        const answer = await rawTo(target(), { method, path, headers: preflight });
        expect(answer.headers.has('access-control-allow-origin')).toBe(false);
      }
    },
  );

  it.each([
    'null',
    'https://rp.example.evil',
    'https://evilrp.example',
    'https://rp.example:444',
    'http://rp.example',
    'https://RP.example',
    'https://rp.example/',
    'https://rp.example\u00e9',
    '',
  ])('HD-05, HD-06, HD-07: the origin %j is allowed nowhere', async (origin) => {
    const headers = [
      ['Origin', origin],
      ['Access-Control-Request-Method', 'GET'],
    ] as const;
    for (const path of ['/oauth2/token', '/oauth2/introspect', '/clients', '/warden/allowed']) {
      for (const method of ['GET', 'OPTIONS']) {
        const answer = await rawTo(target(), { method, path, headers });
        expect(answer.headers.has('access-control-allow-origin'), `${method} ${path}`).toBe(false);
      }
    }
  });

  it('HD-06: the listed origin is answered exactly, without credentials', async () => {
    const answer = await rawTo(target(), {
      method: 'POST',
      path: '/oauth2/token',
      headers: [['Origin', 'https://rp.example']],
    });
    expect(answer.headers.get('access-control-allow-origin')).toEqual(['https://rp.example']);
    expect(answer.headers.has('access-control-allow-credentials')).toBe(false);
    expect(answer.headers.get('vary')?.join()).toContain('Origin');
  });

  it.each(payloads)('HD-09, HD-17: %j is never markup', async (payload) => {
    const parameters = [
      'client_id',
      'redirect_uri',
      'state',
      'scope',
      'response_type',
      'ui_locales',
      'error',
      'error_description',
      'error_hint',
      'consent',
    ];
    for (const name of parameters) {
      for (const accept of ['text/html', 'application/json', 'text/html;q=1, application/json;q=0.1', '*/*']) {
        const query = authorizationQuery('conf', { redirect_uri: 'https://evil.example/cb', [name]: payload });
        const answer = await rawTo(target(), { path: `/oauth2/auth?${query}`, headers: [['Accept', accept]] });
        expect(answer.status).toBe(400);
        expect(answer.body, name).not.toContain(payload);
        const type = answer.headers.get('content-type')?.[0] ?? '';
        if (type.startsWith('text/html')) {
          const policy = answer.headers.get('content-security-policy')?.[0] ?? '';
          for (const part of ["default-src 'none'", "base-uri 'none'", "form-action 'self'", "frame-ancestors 'none'"])
            expect(policy).toContain(part);
          expect(policy).not.toContain('unsafe');
        } else expect(type).toMatch(/^application\/json/);
      }
    }
    const elsewhere = await rawTo(target(), {
      path: `/${encodeURIComponent(payload)}`,
      headers: [['Accept', 'text/html']],
    });
    expect(elsewhere.body).not.toContain(payload);
    expect(elsewhere.headers.get('content-type')?.[0]).toMatch(/^application\/json/);
  });

  it.each([
    '/oauth2/auth',
    '/oauth2/token',
    '/oauth2/nothing',
    '/clients',
    '/%',
    '/.well-known/jwks.json',
    '/health/alive',
    '/oauth2/consent',
    '/',
  ])('HD-11, HD-13: %s says what it is and not what serves it', async (path) => {
    for (const method of ['GET', 'POST', 'DELETE', 'OPTIONS']) {
      const answer = await rawTo(target(), { method, path });
      expect(answer.headers.get('x-content-type-options')).toEqual(['nosniff']);
      expect(answer.headers.get('referrer-policy')).toEqual(['no-referrer']);
      if (answer.body !== '') expect(answer.headers.get('content-type')?.[0]).toBeDefined();
      for (const banner of ['server', 'x-powered-by', 'via']) expect(answer.headers.has(banner)).toBe(false);
      expect(answer.text).not.toMatch(/fastify|nestjs|node\.js|express/i);
    }
  });

  it.each([
    '/metrics',
    '/openapi.json',
    '/api',
    '/api-json',
    '/docs',
    '/swagger',
    '/debug',
    '/debug/pprof',
    '/devtools',
    '/graphql',
    '/.env',
    '/package.json',
    '/admin',
    '/playground',
    '/health/../metrics',
  ])('HD-18: %s is not served to the world', async (path) => {
    const answer = await rawTo(target(), { path });
    expect([400, 401, 404]).toContain(answer.status);
    expect(answer.body).not.toMatch(/process_|nodejs_|# HELP/);
  });

  it('RU-22, HD-12: nothing that a client sends becomes a header line', async () => {
    for (const parameters of [{ state: 'x\r\nSet-Cookie: a=b' }, { scope: 'x\r\nX: y' }, { nonce: '\nX: y' }]) {
      const answer = await rawTo(target(), { path: `/oauth2/auth?${authorizationQuery('conf', parameters)}` });
      expect(answer.text).not.toMatch(/\r\n(set-cookie: a=b|x: y)/i);
    }
    const unicode = await rawTo(target(), {
      path: `/oauth2/auth?${authorizationQuery('conf', { state: '\u560d\u560aSet-Cookie: a=b' })}`,
    });
    expect(unicode.text).not.toMatch(/\r\nset-cookie: a=b/i);
    const name = '\u560d\u560aX-Injected: yes';
    const made = await admin(target(), 'POST', '/clients', { client_name: name, client_secret: 'short!' });
    expect(made.headers).not.toHaveProperty('x-injected');
    const policy = await admin(target(), 'POST', '/policies', {
      id: 'x\r\nX-Injected: yes',
      subjects: [],
      effect: 'allow',
    });
    expect([policy.status, policy.headers['x-injected']]).toEqual([400, undefined]);
  });
});
