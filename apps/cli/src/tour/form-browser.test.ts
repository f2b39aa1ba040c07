import { describe, expect, it } from 'vitest';
import type { HttpAnswer, HttpClient, HttpRequest } from '../http-client.js';
import { createFormBrowser } from './form-browser.js';

type Told = Partial<HttpAnswer>;

/** An HTTP client with an answer per URL, which remembers what it was asked. */
function answering(told: Record<string, Told>): { http: HttpClient; asked: HttpRequest[] } {
  const asked: HttpRequest[] = [];
  const http: HttpClient = async (request) => {
    asked.push(request);
    return { status: 200, headers: {}, body: '', ...told[`${request.method} ${request.url}`] };
  };
  return { http, asked };
}

const form = `
<form method="post" action="/logout"><input type="hidden" name="csrf" value="other"></form>
<form method="post" action="/consent?challenge=a.b&amp;x=&#x31;&#50;">
  <input type="hidden" name="csrf" value="a&quot;b">
  <input type="checkbox" id="s0" name="allowed_scopes" value="openid" checked>
  <input type="checkbox" id="s1" name="allowed_scopes" value="offline" checked>
  <input type="checkbox" id="s2" name="allowed_scopes" value="unchecked">
  <button type="submit" name="decision" value="allow">Allow</button>
</form>`;

describe('the browser of the tour', () => {
  it('follows redirects, keeps cookies of a host, and sends secure ones over https only', async () => {
    const { http, asked } = answering({
      'GET https://localhost:1/a': {
        status: 302,
        headers: { location: 'http://localhost:2/b', 'set-cookie': ['s=1; Secure; HttpOnly', 'p=2; Path=/'] },
      },
      'GET http://localhost:2/b': { status: 303, headers: { location: '/c', 'set-cookie': ['p=; Max-Age=0'] } },
      'GET http://localhost:2/c': { status: 302, headers: { location: 'https://localhost:1/d' } },
    });
    const page = await createFormBrowser(http).open('https://localhost:1/a');
    expect(page.url).toBe('https://localhost:1/d');
    expect(asked.map(({ headers }) => headers?.['Cookie'])).toEqual([undefined, 'p=2', undefined, 's=1']);
  });

  it('submits the last form with what it proposes', async () => {
    const { http, asked } = answering({});
    await createFormBrowser(http).submit({ url: 'http://h/consent', status: 200, html: form }, { decision: 'allow' });
    expect(asked[0]).toMatchObject({
      method: 'POST',
      url: 'http://h/consent?challenge=a.b&x=12',
      body: 'csrf=a%22b&allowed_scopes=openid&allowed_scopes=offline&decision=allow',
    });
  });

  it('stops at a circle of redirects and at a page without a form', async () => {
    const { http } = answering({ 'GET http://h/': { status: 302, headers: { location: '/' } } });
    const browser = createFormBrowser(http);
    await expect(browser.open('http://h/')).rejects.toThrow('too many redirects');
    await expect(async () => browser.submit({ url: 'http://h/', status: 400, html: '' }, {})).rejects.toThrow(
      'no form',
    );
  });
});
