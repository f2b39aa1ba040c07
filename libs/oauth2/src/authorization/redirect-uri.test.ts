import { describe, expect, it } from 'vitest';
import { sampleClient } from '../testing/sample-client.js';
import { chooseRedirectUri } from './redirect-uri.js';

const web = sampleClient({ redirectUris: ['https://rp.example/cb', 'https://rp.example/cb?x=1'] });
const native = sampleClient({ public: true, redirectUris: ['http://127.0.0.1/cb', 'com.example.app:/cb'] });
const six = sampleClient({ public: true, redirectUris: ['http://[::1]:4445/cb?a=b'] });
const secureLoopback = sampleClient({ public: true, redirectUris: ['https://127.0.0.1/cb'] });
const confidentialLoopback = sampleClient({ redirectUris: ['http://127.0.0.1:4445/cb', 'http://localhost:9010/cb'] });

function choose(uri: string | undefined, client = web, scope = 'photos'): string | undefined {
  const parameters = new Map([
    ['scope', scope],
    ...(uri === undefined ? [] : [['redirect_uri', uri] as const]),
  ] as const);
  try {
    return chooseRedirectUri(parameters, client).uri;
  } catch {
    return undefined;
  }
}

describe('a redirect URI', () => {
  it.each([
    ['https://rp.example/cb', web],
    ['https://rp.example/cb?x=1', web],
    ['com.example.app:/cb', native],
    ['http://127.0.0.1/cb', native],
    ['http://127.0.0.1:51004/cb', native],
    ['http://127.0.0.1:1/cb', native],
    ['http://[::1]:51004/cb?a=b', six],
    ['http://127.0.0.1:4445/cb', confidentialLoopback],
    ['http://localhost:9010/cb', confidentialLoopback],
  ])('%s is accepted', (uri, client) => {
    expect(choose(uri, client)).toBe(uri);
  });

  it.each([
    'https://evil.example/cb',
    'https://rp.example/cb/../x',
    'https://rp.example/cb/',
    'https://rp.example/cb/extra',
    'https://rp.example/cbx',
    'https://rp.example/cb/%2e%2e/x',
    'https://rp.example/%63b',
    'https://rp.example/cb%2f..%2fx',
    'https://rp.example/cb?y=2',
    'https://rp.example/cb?x=2',
    'https://rp.example/cb?x=1&x=1',
    'https://rp.example/cb?x=1&y=2',
    'https://rp.example/cb?',
    'https://rp.example/cb#f',
    'https://rp.example/cb%23f',
    'https://RP.example/cb',
    'HTTPS://rp.example/cb',
    'http://rp.example/cb',
    'https://evil.example\\@rp.example/cb',
    'https:/\\evil.example',
    'https:///evil.example',
    'https://a.rp.example/cb',
    'https://rp.example.evil.example/cb',
    'https://rp.example:444/cb',
    'https://rp.example:443/cb',
    'https://user@rp.example/cb',
    'https://rp.example/cb%0d%0aSet-Cookie:x',
    'https://rp.example/cb%00',
    'https://rp.\texample/cb',
    'https://rp\u3002example/cb',
    'https://r\u0440.example/cb',
    'javascript:alert(1)',
    '/cb',
    `https://rp.example/cb?${'x'.repeat(10_240)}`,
  ])('%s is refused for a web client', (uri) => {
    expect(choose(uri)).toBeUndefined();
  });

  it.each([
    ['http://127.0.0.1:51004/evil', native],
    ['http://127.0.0.1:51004/cb?x', native],
    ['http://127.0.0.1:51004/cbx', native],
    ['http://127.0.0.1:0/cb', native],
    ['http://127.0.0.1:65536/cb', native],
    ['http://127.0.0.1:080/cb', native],
    ['http://127.0.0.1:80@evil.example/cb', native],
    ['http://127.0.0.1@evil.example/cb', native],
    ['http://localhost:1/cb', native],
    ['http://[::1]:1/cb', native],
    ['http://127.0.0.2/cb', native],
    ['http://127.1/cb', native],
    ['http://127.0.0.1.evil.example/cb', native],
    ['https://127.0.0.1:9/cb', native],
    ['https://127.0.0.1:9/cb', secureLoopback],
    ['http://127.0.0.1:9/cb', confidentialLoopback],
    ['http://localhost:9011/cb', confidentialLoopback],
    ['com.example.app://cb', native],
    ['com.example.app2:/cb', native],
    ['COM.EXAMPLE.APP:/cb', native],
    ['com.example.app:/cb/', native],
  ])('%s is refused', (uri, client) => {
    expect(choose(uri, client)).toBeUndefined();
  });

  it.each([
    ['https://*.rp.example/cb', 'https://a.rp.example/cb'],
    ['https://rp.example/*', 'https://rp.example/cb'],
    ['https://rp.example/*', 'https://rp.example/*'],
    ['http://rp.example/cb', 'http://rp.example/cb'],
    ['http://evillocalhost/cb', 'http://evillocalhost/cb'],
  ])('registered as %s does not open %s', (registered, uri) => {
    expect(choose(uri, sampleClient({ redirectUris: [registered] }))).toBeUndefined();
  });

  it('may be missing when exactly one is registered and openid is not asked for', () => {
    const one = sampleClient({ redirectUris: ['https://rp.example/cb'] });
    expect(chooseRedirectUri(new Map(), one)).toEqual({ uri: 'https://rp.example/cb', given: false });
    expect(choose(undefined, one, 'openid photos')).toBeUndefined();
    expect(choose(undefined, web)).toBeUndefined();
    expect(choose(undefined, sampleClient({ redirectUris: [] }))).toBeUndefined();
  });
});
