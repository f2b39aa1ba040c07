import { describe, expect, it } from 'vitest';
import { redirectUriProblem } from './redirect-uri.js';

describe('a redirection URI to register', () => {
  it.each([
    'https://rp.example/cb',
    'https://rp.example',
    'https://rp.example:8443/cb?x=1&y=%20',
    'https://rp.example/a%2Fb',
    'http://localhost:9010/callback',
    'http://localhost/cb',
    'http://127.0.0.1:4445/callback',
    'http://[::1]:4445/callback',
    'https://rp_1.example.:8443/cb;v=1,2',
    'com.example.app:/cb',
    'com.example.app://cb',
    'my-app+2.x:cb',
    'urn:ietf:wg:oauth:2.0:oob',
  ])('%s is accepted', (uri) => {
    expect(redirectUriProblem(uri)).toBeUndefined();
  });

  it.each([
    ['', /empty/],
    ['/cb', /absolute/],
    ['rp.example/cb', /absolute/],
    ['//rp.example/cb', /absolute/],
    ['https:', /absolute/],
    ['https:/rp.example', /host/],
    ['https:///rp.example', /host/],
    ['https://rp.example/cb#f', /fragment/],
    ['https://rp.example/cb#', /fragment/],
    ['https://*.rp.example/cb', /wildcard/],
    ['https://rp.example/*', /wildcard/],
    ['https://user@rp.example/cb', /host/],
    ['https://evil.example\\@rp.example/cb', /no URI may hold/],
    ['https:\\\\rp.example', /no URI may hold/],
    ['https://rp.example/a b', /printable ASCII/],
    ['https://rp.example/\n', /printable ASCII/],
    ['https://r\u0440.example/cb', /printable ASCII/],
    ['https://rp\u3002example/cb', /printable ASCII/],
    ['https://rp.example/cb%0d%0aSet-Cookie:x', /control/],
    ['https://rp.example/%00', /control/],
    ['https://rp.example/%zz', /malformed escape/],
    ['https://rp.example/cb/../x', /dot segment/],
    ['https://rp.example/cb/%2e%2E/x', /dot segment/],
    ['https://rp.example/.', /dot segment/],
    ['https://rp.example;script-src/cb', /host name/],
    ['https://rp.example,/cb', /host name/],
    ["https://rp.example'/cb", /host name/],
    ['https://rp&.example/cb', /host name/],
    ['https://rp%2Eexample/cb', /host name/],
    ['https://rp.example%3Bx/cb', /host name/],
    ['http://rp.example/cb', /plain http/],
    ['http://evillocalhost/cb', /plain http/],
    ['http://localhost.evil.example/cb', /plain http/],
    ['http://127.0.0.2/cb', /plain http/],
    ['http://127.0.0.1.evil.example/cb', /plain http/],
    ['javascript:alert(1)', /not allowed/],
    ['JavaScript:alert(1)', /not allowed/],
    ['data:text/html,x', /not allowed/],
    ['file:///etc/passwd', /not allowed/],
    ['COM.EXAMPLE.APP:/cb', /lower case/],
    ['https://rp.example/cb?code=1&state=2', /reserved name code/],
    ['https://rp.example/cb?x=1&error=y', /reserved name error/],
    ['https://rp.example/cb?iss=y', /reserved name iss/],
    ['https://rp.example/cb?id%5Ftoken=y', /reserved name id_token/],
    ['com.example.app:/cb?state=2', /reserved name state/],
    [`https://rp.example/${'x'.repeat(2048)}`, /longer than/],
  ])('%s is refused', (uri, problem) => {
    expect(redirectUriProblem(uri)).toMatch(problem);
  });
});
