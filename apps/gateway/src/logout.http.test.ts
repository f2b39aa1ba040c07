import { createHash } from 'node:crypto';
import type { logoutV1 } from '@castellan/rpc';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { away, createBackends } from './testing/backends.module.js';
import { startTestGateway, type TestGateway } from './testing/gateway-app.js';

const path = '/oauth2/sessions/logout';
const flow = `castellan_flow_${'a'.repeat(43)}`;

let gateway: TestGateway;
beforeAll(async () => {
  gateway = await startTestGateway();
});
afterAll(() => gateway.close());
beforeEach(() => {
  Object.assign(gateway.backends, createBackends());
});

function answer(response: Partial<logoutV1.EndSessionResponse>): logoutV1.EndSessionRequest[] {
  const asked: logoutV1.EndSessionRequest[] = [];
  gateway.backends.endSession = (request) => {
    asked.push(request);
    return response;
  };
  return asked;
}

describe('the end session endpoint', () => {
  it('brings on what the browser sent: query or form, and the cookies of the product alone', async () => {
    const asked = answer({ redirect: { location: 'https://app.example/logout?logout_challenge=c' } });
    const response = await gateway.request({
      url: `${path}?state=a%20b&state=c`,
      headers: { cookie: `other=x; ${flow}=value` },
    });
    expect([response.statusCode, response.headers.location]).toEqual([
      302,
      'https://app.example/logout?logout_challenge=c',
    ]);
    expect(response.headers['cache-control']).toBe('no-store');
    await gateway.post(path, 'logout_challenge=c');
    expect(asked).toEqual([
      {
        posted: false,
        parameters: [
          { name: 'state', value: 'a b' },
          { name: 'state', value: 'c' },
        ],
        cookies: [{ name: flow, value: 'value' }],
        secure: false,
      },
      { posted: true, parameters: [{ name: 'logout_challenge', value: 'c' }], cookies: [], secure: false },
    ]);
  });

  it('redirects after a logout, and clears the cookies it is told to', async () => {
    answer({
      loggedOut: { location: 'https://rp.example/bye?state=s', frames: [] },
      setCookies: [{ name: flow, value: '', maxAgeSeconds: 0 }],
    });
    const response = await gateway.request({ url: path });
    expect([response.statusCode, response.headers.location]).toEqual([302, 'https://rp.example/bye?state=s']);
    expect(response.headers['set-cookie']).toEqual([`${flow}=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax`]);
  });

  it('asks on a page of its own that nobody may frame and that posts to this origin alone', async () => {
    answer({ confirm: { challenge: 'c"><script>' } });
    const response = await gateway.request({ url: path });
    expect(response.statusCode).toBe(200);
    expect(response.headers['content-security-policy']).toContain("frame-ancestors 'none'");
    expect(response.headers['content-security-policy']).toContain("form-action 'self'");
    expect(response.body).toContain('name="logout_challenge" value="c&#34;&#62;&#60;script&#62;"');
    expect(response.body).not.toContain('<script');
  });

  it('says nothing in its policy that a client registered as a host', async () => {
    const frames = ['https://a.example;frame-ancestors/f', 'https://evil.example/f', 'https://b.example,/f'];
    answer({ loggedOut: { location: 'https://rp.example/bye', frames } });
    const response = await gateway.request({ url: path });
    const policy = String(response.headers['content-security-policy']);
    expect(policy).toContain('; frame-src https://evil.example; ');
    expect(policy.match(/frame-ancestors [^;]*/g)).toEqual(["frame-ancestors 'none'"]);
    expect(policy).not.toContain(',');
  });

  it('loads the frames of the clients, those origins and no other, and runs one script', async () => {
    const frames = ['https://rp.example/frame?iss=i&sid=s', 'https://rp.example/two', 'https://other.example:8443/f'];
    answer({ loggedOut: { location: 'https://rp.example/bye?a=1&b="x"', frames } });
    const response = await gateway.request({ url: path });
    const policy = String(response.headers['content-security-policy']);
    expect([response.statusCode, response.headers.location]).toEqual([200, undefined]);
    expect(policy).toContain('frame-src https://rp.example https://other.example:8443;');
    expect(policy).not.toContain('unsafe');
    const script = /<script>([\s\S]*)<\/script>/.exec(response.body)?.[1] ?? '';
    expect(policy).toContain(`'sha256-${createHash('sha256').update(script).digest('base64')}'`);
    expect(response.body.match(/<iframe[^>]* data-src=/g)).toHaveLength(3);
    expect(response.body).toContain('href="https:&#47;&#47;rp.example&#47;bye?a&#61;1&#38;b&#61;&#34;x&#34;"');
  });

  it('tells the clients by a script of ECMAScript 5, so that an old browser does not stop on the page', async () => {
    answer({ loggedOut: { location: 'https://rp.example/bye', frames: ['https://rp.example/frame'] } });
    const response = await gateway.request({ url: path });
    const script = /<script>([\s\S]*)<\/script>/.exec(response.body)?.[1] ?? '';
    expect(script).toContain('location.replace');
    expect(script).not.toMatch(/\.{3}|=>|`|\b(?:let|const|of|class|async)\b/);
  });

  it('goes on from its own form by a page, whose policy lets no redirect leave this origin', async () => {
    answer({ loggedOut: { location: 'https://rp.example/bye', frames: [] } });
    const response = await gateway.post(path, 'logout_challenge=c');
    expect([response.statusCode, response.headers.location]).toEqual([200, undefined]);
    expect(response.headers['content-security-policy']).not.toContain('frame-src');
  });

  it('sends a form of another site round as a navigation', async () => {
    answer({ redirect: { location: `https://issuer.example${path}?id_token_hint=h` } });
    expect((await gateway.post(path, 'id_token_hint=h')).statusCode).toBe(303);
  });

  it('shows what is wrong on its error page, escaped, and never redirects', async () => {
    const error = { error: 'invalid_request', description: 'd', status: 400, hint: '<b>' };
    answer({ errorPage: error });
    const response = await gateway.request({ url: path, headers: { accept: 'text/html' } });
    expect([response.statusCode, response.headers.location]).toEqual([400, undefined]);
    expect(response.body).toContain('The logout request failed');
    expect(response.body).toContain('&#60;b&#62;');
    answer({ errorPage: { ...error, error: 'temporarily_unavailable', status: 503 } });
    expect((await gateway.request({ url: path })).statusCode).toBe(503);
  });

  it('shows an outage on its error page, and refuses HEAD', async () => {
    gateway.backends.endSession = away;
    const response = await gateway.request({ url: path });
    expect(response.statusCode).toBe(503);
    expect(response.body).not.toContain('10.0.0.7');
    expect((await gateway.request({ method: 'HEAD', url: path })).statusCode).toBe(405);
  });

  it('has a page for those who have nowhere to go', async () => {
    const response = await gateway.request({ url: `${path}/done` });
    expect(response.statusCode).toBe(200);
    expect(response.body).toContain('You are logged out');
  });
});
