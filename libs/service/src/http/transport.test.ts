import { afterEach, describe, expect, it } from 'vitest';
import { parseAddressList, type AddressList } from '../address-list.js';
import { closeAll, open } from '../testing/http-app.js';

afterEach(closeAll);

function networks(text: string): AddressList {
  const list = parseAddressList(text);
  if (list === undefined) throw new Error('bad list');
  return list;
}

describe('https that a proxy ends', () => {
  const transport = { kind: 'terminated', proxies: networks('10.0.0.0/8, 192.168.1.7') } as const;
  it.each([
    ['10.1.2.3', 'https', 200],
    ['::ffff:10.1.2.3', 'HTTPS', 200],
    ['192.168.1.7', 'http, https', 200],
    ['10.1.2.3', 'https, http', 502],
    ['10.1.2.3', 'http', 502],
    ['10.1.2.3', undefined, 502],
    ['11.0.0.1', 'https', 502],
    ['192.168.1.8', 'https', 502],
  ])('from %s with X-Forwarded-Proto %j is answered %i', async (remoteAddress, proto, status) => {
    const { app } = await open({ transport });
    const headers = proto === undefined ? {} : { 'x-forwarded-proto': proto };
    const answer = await app.inject({ url: '/clients', remoteAddress, headers: { ...headers, host: 'auth.example' } });
    expect(answer.statusCode).toBe(status);
    if (status === 200) {
      expect(answer.headers['strict-transport-security']).toBe('max-age=31536000');
      expect(answer.json()).toMatchObject({ secure: true });
    } else {
      expect(answer.json()).toEqual({
        error: { code: 502, status: 'Bad Gateway', message: 'Can not serve request over insecure http' },
      });
      expect(answer.headers['x-content-type-options']).toBe('nosniff');
    }
    expect((await app.inject({ url: '/health', remoteAddress })).statusCode).toBe(200);
  });

  it('is believed about the client address only from a listed proxy', async () => {
    const { app } = await open({ transport: { kind: 'http', proxies: transport.proxies } });
    const headers = {
      'x-forwarded-for': '1.1.1.1, 2.2.2.2',
      'x-forwarded-proto': 'https',
      forwarded: 'for=3.3.3.3',
      'x-real-ip': '4.4.4.4',
    };
    const trusted = await app.inject({ url: '/clients', remoteAddress: '10.0.0.1', headers });
    expect(trusted.json()).toMatchObject({ secure: true, address: '2.2.2.2' });
    const spoofed = await app.inject({ url: '/clients', remoteAddress: '8.8.8.8', headers });
    expect(spoofed.json()).toMatchObject({ secure: false, address: '8.8.8.8' });
  });
});
