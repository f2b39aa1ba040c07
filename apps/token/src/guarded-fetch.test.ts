import 'reflect-metadata';
import { KeyObject, webcrypto } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import * as x509 from '@peculiar/x509';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { OutboundError, outboundUrlProblem } from '@castellan/oauth2';
import { createAllowedHosts, createGuardedFetch, createGuardedPost } from './guarded-fetch.js';

const asked: string[] = [];
const held: ServerResponse[] = [];
let holds = true;
let server: Server;
let certificates: string;
let port: number;

function serve(request: IncomingMessage, response: ServerResponse): void {
  asked.push(`${request.headers.host} ${request.url}`);
  if (request.method === 'POST') {
    let body = '';
    request.on('data', (chunk: Buffer) => (body += chunk.toString()));
    request.on('end', () => {
      asked.push(`${request.headers['content-type']} ${body}`);
      response.writeHead(400, { location: 'https://evil.example/' }).end('no');
    });
    return;
  }
  if (request.url === '/slow' && holds) return void held.push(response);
  if (request.url === '/moved') return void response.writeHead(302, { location: 'https://evil.example/' }).end();
  if (request.url === '/large') return void response.end('x'.repeat(300 * 1024));
  response.writeHead(200, { 'content-type': 'Application/JWK-Set+json; charset=utf-8' }).end('{"keys":[]}');
}

beforeAll(async () => {
  x509.cryptoProvider.set(webcrypto);
  const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    name: 'CN=localhost',
    keys,
    signingAlgorithm: algorithm,
    notBefore: new Date(Date.now() - 60_000),
    notAfter: new Date(Date.now() + 3_600_000),
    extensions: [
      new x509.SubjectAlternativeNameExtension([
        { type: 'dns', value: 'localhost' },
        { type: 'ip', value: '127.0.0.1' },
      ]),
    ],
  });
  certificates = certificate.toString('pem');
  const key = KeyObject.from(keys.privateKey).export({ type: 'pkcs8', format: 'pem' });
  server = createServer({ key, cert: certificates }, serve);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  port = (server.address() as AddressInfo).port;
});
afterAll(() => new Promise<void>((resolve) => void server.close(() => resolve())));

function fetcher(allowedNetworks: readonly string[] = ['127.0.0.0/8', '::1/128'], allowedPorts = [port]) {
  return createGuardedFetch({ allowedNetworks, allowedPorts, certificates });
}

describe('an outbound request', () => {
  it('brings a document over https, with its name in Host and SNI', async () => {
    expect(await fetcher()(`https://localhost:${port}/jwks?a=1`)).toEqual({
      status: 200,
      mediaType: 'application/jwk-set+json',
      body: '{"keys":[]}',
    });
    expect(asked.at(-1)).toBe(`localhost:${port} /jwks?a=1`);
  });

  it('follows no redirect', async () => {
    expect(await fetcher()(`https://localhost:${port}/moved`)).toMatchObject({ status: 302, body: '' });
  });

  it('reads no more than 256 KiB', async () => {
    await expect(fetcher()(`https://localhost:${port}/large`)).rejects.toBeInstanceOf(OutboundError);
  });

  it('finds a place although one host lets as many wait as it may', async () => {
    const fetch = fetcher();
    const slow = Array.from({ length: 16 }, () => fetch(`https://localhost:${port}/slow`).catch(() => undefined));
    await expect(fetch(`https://localhost:${port}/seventeenth`)).rejects.toBeInstanceOf(OutboundError);
    await expect(fetch(`https://localhost.:${port}/seventeenth`)).rejects.toBeInstanceOf(OutboundError);
    expect(await fetch(`https://127.0.0.1:${port}/jwks`)).toMatchObject({ status: 200 });
    holds = false;
    for (const response of held.splice(0)) response.end();
    await Promise.all(slow);
    expect(asked.filter((each) => each.endsWith('/seventeenth'))).toEqual([]);
    expect(await fetch(`https://localhost:${port}/jwks`)).toMatchObject({ status: 200 });
  });

  it('goes to no private address, though the name is public (SS-01, SS-03)', async () => {
    const before = asked.length;
    await expect(fetcher([])(`https://localhost:${port}/jwks`)).rejects.toEqual(new OutboundError());
    expect(asked).toHaveLength(before);
  });

  it('goes to no other port than those allowed (SS-06)', async () => {
    await expect(fetcher(undefined, [443])(`https://localhost:${port}/jwks`)).rejects.toBeInstanceOf(OutboundError);
  });

  it.each([
    'https://0.0.0.0',
    'https://10.1.2.3',
    'https://172.31.0.1',
    'https://192.168.1.1',
    'https://169.254.169.254',
    'https://100.64.0.1',
    'https://198.18.0.1',
    'https://240.0.0.1',
    'https://224.0.0.1',
    'https://2130706433',
    'https://0x7f.1',
    'https://127.1',
    'https://[::]',
    'https://[::1]',
    'https://[fd00::1]',
    'https://[fe80::1]',
    'https://[::ffff:127.0.0.1]',
    'https://[64:ff9b::7f00:1]',
    'https://[2002:7f00:1::]',
    'http://example.com',
    'https://user:pass@example.com/',
    'ftp://example.com/',
    'file:///etc/passwd',
  ])('is never made to %s', async (url) => {
    await expect(fetcher([], [443])(url)).rejects.toEqual(new OutboundError());
  });
});

describe('a URL to be fetched is refused at registration', () => {
  it.each([
    'http://rp.example/jwks',
    'https://127.0.0.1/jwks',
    'https://2130706433/jwks',
    'https://[::1]/jwks',
    'https://localhost/jwks',
    'https://a.localhost./jwks',
    'https://intranet/jwks',
    'https://user@rp.example/jwks',
    'https://rp.example/jwks#f',
    'https:\\\\rp.example/jwks',
    'https://rp.example/a b',
    'gopher://rp.example/',
    'not a url',
  ])('%s', (url) => expect(outboundUrlProblem(url)).toBeDefined());

  it('unless it is an https URL of a public name', () => {
    expect(outboundUrlProblem('https://rp.example:8443/jwks.json?v=1')).toBeUndefined();
  });
});

describe('a form posted to a client', () => {
  const options = () => ({ allowedNetworks: ['127.0.0.0/8', '::1/128'], allowedPorts: [port], certificates });

  it('goes under the same guards, and any status is an answer', async () => {
    expect(await createGuardedPost(options())(`https://localhost:${port}/logout`, 'logout_token=a.b.c')).toEqual({
      status: 400,
    });
    expect(asked.at(-1)).toBe('application/x-www-form-urlencoded logout_token=a.b.c');
    const before = asked.length;
    const guarded = createGuardedPost({ ...options(), allowedNetworks: [] });
    await expect(guarded(`https://localhost:${port}/logout`, 'logout_token=a.b.c')).rejects.toThrow(OutboundError);
    expect(asked.length).toBe(before);
  });
});

describe('hosts that the operator lets through', () => {
  it('are addresses in a network of the list, and names when there is any', () => {
    const allowed = createAllowedHosts({ allowedNetworks: ['10.0.0.0/8', '::1/128'], allowedPorts: [] });
    expect(['10.1.2.3', '[::1]', 'localhost', 'intranet'].map(allowed)).toEqual([true, true, true, true]);
    expect(['127.0.0.1', '[::2]'].map(allowed)).toEqual([false, false]);
    const none = createAllowedHosts({ allowedNetworks: [], allowedPorts: [] });
    expect(['10.1.2.3', 'localhost'].map(none)).toEqual([false, false]);
  });
});
