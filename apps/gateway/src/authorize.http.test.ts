import type { tokenV1 } from '@castellan/rpc';
import { parseAddressList } from '@castellan/service';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';

import { away, createBackends } from './testing/backends.module.js';
import { startTestGateway, type TestGateway } from './testing/gateway-app.js';

const PAYLOADS = [
  '<script>alert(1)</script>',
  '"><img src=x onerror=alert(1)>',
  "' onmouseover='alert(1)",
  '</title><svg onload=alert(1)>',
  '<!--',
  '&lt;script&gt;',
  'javascript:alert(1)',
  '`${alert(1)}`',
  '\u2028<script>',
];

let gateway: TestGateway;
let seen: tokenV1.AuthorizeRequest[];

beforeAll(async () => {
  gateway = await startTestGateway();
});
afterAll(() => gateway.close());
beforeEach(() => {
  seen = [];
  Object.assign(gateway.backends, createBackends());
});

function answer(response: Partial<tokenV1.AuthorizeResponse>): void {
  gateway.backends.authorize = (request) => {
    seen.push(request);
    return response;
  };
}

describe('the authorization endpoint', () => {
  const redirects = ['toConsent', 'toClient', 'errorToClient'] as const;
  for (const outcome of redirects) {
    it(`redirects ${outcome} with 302 after GET and 303 after POST`, async () => {
      answer({ [outcome]: { location: 'https://x.example/y?z=1' } });
      const get = await gateway.request({ url: '/oauth2/auth?client_id=c' });
      const post = await gateway.post('/oauth2/auth', 'client_id=c');
      expect([get.statusCode, get.headers.location, get.body]).toEqual([302, 'https://x.example/y?z=1', '']);
      expect([post.statusCode, post.headers.location, post.body]).toEqual([303, 'https://x.example/y?z=1', '']);
      expect(get.headers['cache-control']).toBe('no-store');
    });
  }

  it('shows a page that posts a response of the mode form_post', async () => {
    answer({ formPost: { action: 'https://x.example/y', fields: [{ name: 'code', value: 'c"d' }] } });
    const response = await gateway.request({ url: '/oauth2/auth?client_id=c' });
    expect(response.statusCode).toBe(200);
    expect(response.headers.location).toBeUndefined();
    expect(response.headers['referrer-policy']).toBe('strict-origin');
    expect(response.body).toContain('<input type="hidden" name="code" value="c&#34;d">');
  });

  it('passes parameters in order, with repetitions and literal names', async () => {
    answer({ toClient: { location: 'https://x.example/' } });
    await gateway.request({ url: '/oauth2/auth?scope=a+b&scope=c%20d&x[]=1&state=%C3%A9&nonce' });
    await gateway.post('/oauth2/auth?client_id=from-the-query', 'b=2&a=1&b=3');
    expect(seen.map(({ parameters }) => parameters)).toEqual([
      [
        { name: 'scope', value: 'a b' },
        { name: 'scope', value: 'c d' },
        { name: 'x[]', value: '1' },
        { name: 'state', value: '\u00e9' },
        { name: 'nonce', value: '' },
      ],
      [
        { name: 'b', value: '2' },
        { name: 'a', value: '1' },
        { name: 'b', value: '3' },
      ],
    ]);
  });

  it('passes flow cookies only, and says whether the browser came over https', async () => {
    answer({ toClient: { location: 'https://x.example/' } });
    const cookie = 'sid=secret; castellan_flow_1=a.b=; __Host-castellan_flow_2=c; xcastellan_flow_3=d';
    await gateway.request({ url: '/oauth2/auth', headers: { cookie, 'x-forwarded-proto': 'https' } });
    expect(seen[0]?.cookies).toEqual([
      { name: 'castellan_flow_1', value: 'a.b=' },
      { name: '__Host-castellan_flow_2', value: 'c' },
    ]);
    expect(seen[0]?.secure).toBe(false);
  });

  it('sets and clears flow cookies for the whole site, out of reach of scripts', async () => {
    answer({
      toConsent: { location: 'https://x.example/' },
      setCookies: [
        { name: 'castellan_flow_1', value: 'v', maxAgeSeconds: 600 },
        { name: 'castellan_flow_2', value: '', maxAgeSeconds: 600 },
        { name: '__Host-castellan_flow_3', value: 'w', maxAgeSeconds: 60 },
      ],
    });
    const response = await gateway.request({ url: '/oauth2/auth' });
    expect(response.headers['set-cookie']).toEqual([
      'castellan_flow_1=v; Path=/; Max-Age=600; HttpOnly; SameSite=Lax',
      'castellan_flow_2=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax',
      '__Host-castellan_flow_3=w; Path=/; Max-Age=60; HttpOnly; SameSite=Lax; Secure',
    ]);
  });

  it('marks cookies Secure where a trusted proxy says that the browser used https', async () => {
    const proxies = parseAddressList('127.0.0.1');
    const terminated = await startTestGateway({}, proxies ? { kind: 'terminated', proxies } : { kind: 'http' });
    terminated.backends.authorize = ({ secure }) => ({
      toClient: { location: `https://x.example/?secure=${secure}` },
      setCookies: [{ name: 'castellan_flow_1', value: 'v', maxAgeSeconds: 1 }],
    });
    const response = await terminated.request({ url: '/oauth2/auth', headers: { 'x-forwarded-proto': 'https' } });
    await terminated.close();
    expect(response.headers.location).toBe('https://x.example/?secure=true');
    expect(String(response.headers['set-cookie'])).toMatch(/; Secure$/);
  });

  for (const payload of PAYLOADS) {
    for (const field of ['error', 'description', 'hint'] as const) {
      it(`escapes ${JSON.stringify(payload)} as ${field} of the error page`, async () => {
        answer({ errorPage: { error: 'e', description: 'd', status: 400, hint: 'h', [field]: payload } });
        const html = await gateway.request({ url: '/oauth2/auth', headers: { accept: 'text/html' } });
        expect([html.statusCode, html.headers.location]).toEqual([400, undefined]);
        expect(html.headers['content-type']).toBe('text/html; charset=utf-8');
        expect(html.headers['content-security-policy']).toBe(
          "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
        );
        const tags = new Set(html.body.match(/<[^>]*>/g));
        const plain = await plainPage();
        expect([...tags].sort()).toEqual([...new Set(plain.match(/<[^>]*>/g))].sort());
        expect(html.body).not.toContain('=x');
        expect(html.body).not.toContain("='alert");
      });
    }
  }

  async function plainPage(): Promise<string> {
    answer({ errorPage: { error: 'e', description: 'd', status: 400, hint: 'h' } });
    return (await gateway.request({ url: '/oauth2/auth', headers: { accept: 'text/html' } })).body;
  }

  const forms: readonly [accept: string | undefined, type: string][] = [
    [undefined, 'text/html; charset=utf-8'],
    ['*/*', 'text/html; charset=utf-8'],
    ['text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8', 'text/html; charset=utf-8'],
    ['application/json', 'application/json;charset=UTF-8'],
    ['text/html;q=0.5, application/json', 'application/json;charset=UTF-8'],
    ['text/html;q=1, application/json;q=1', 'text/html; charset=utf-8'],
    ['application/json;q=nonsense', 'text/html; charset=utf-8'],
  ];
  it.each(forms)('shows the error page to Accept %j as %s', async (accept, type) => {
    answer({ errorPage: { error: 'invalid_client', description: 'No', status: 401, hint: '' } });
    const response = await gateway.request({ url: '/oauth2/auth', headers: accept !== undefined ? { accept } : {} });
    expect([response.statusCode, response.headers['content-type']]).toEqual([400, type]);
    if (type.startsWith('application/json')) {
      expect(response.body).toBe('{"error":"invalid_client","error_description":"No","statusCode":400}');
    }
  });

  it('shows a page with 503 and Retry-After while the token service is away, and names no address', async () => {
    gateway.backends.authorize = away;
    const response = await gateway.request({ url: '/oauth2/auth' });
    expect([response.statusCode, response.headers['retry-after']]).toEqual([503, '2']);
    expect(response.body).toContain('temporarily_unavailable');
    expect(response.body).not.toContain('10.0.0.7');
  });

  it('treats a response without an outcome, and a cookie that cannot be one, as faults', async () => {
    answer({});
    expect((await gateway.request({ url: '/oauth2/auth' })).statusCode).toBe(500);
    answer({
      toClient: { location: 'https://x.example/' },
      setCookies: [{ name: 'castellan_flow_1', value: 'a; Domain=evil', maxAgeSeconds: 1 }],
    });
    const response = await gateway.request({ url: '/oauth2/auth' });
    expect([response.statusCode, response.headers.location, response.headers['set-cookie']]).toEqual([
      500,
      undefined,
      undefined,
    ]);
  });

  const unreadable = ['state=%00', 'state=%ff%fe', 'state=%c0%af', 'state=%0d%0aX:1', 'state=%', 'state=%ed%a0%80'];
  it.each(unreadable)('refuses %s with a page and asks nobody', async (query) => {
    answer({ toClient: { location: 'https://x.example/' } });
    const get = await gateway.request({ url: `/oauth2/auth?${query}` });
    const post = await gateway.post('/oauth2/auth', query);
    expect([get.statusCode, post.statusCode]).toEqual([400, 400]);
    expect(get.body).toContain('invalid_request');
    expect(seen).toEqual([]);
  });

  it('refuses a JSON body', async () => {
    answer({ toClient: { location: 'https://x.example/' } });
    const response = await gateway.request({
      method: 'POST',
      url: '/oauth2/auth',
      payload: '{"client_id":"c"}',
      headers: { 'content-type': 'application/json' },
    });
    expect([response.statusCode, seen.length]).toEqual([400, 0]);
  });

  it.each(['HEAD', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'TRACE'])(
    'answers %s with 405 and asks nobody',
    async (method) => {
      answer({ toClient: { location: 'https://x.example/' } });
      const response = await gateway.request({ method, url: '/oauth2/auth' });
      expect([response.statusCode, seen.length]).toEqual([405, 0]);
      expect(response.headers.allow).toMatch(/GET.*POST/);
    },
  );

  it('sends no CORS headers', async () => {
    answer({ toClient: { location: 'https://x.example/' } });
    const response = await gateway.request({ url: '/oauth2/auth', headers: { origin: 'https://rp.example' } });
    expect(Object.keys(response.headers).filter((name) => name.startsWith('access-control'))).toEqual([]);
  });
});
