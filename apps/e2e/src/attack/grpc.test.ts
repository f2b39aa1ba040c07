import { readFileSync, rmSync, mkdtempSync } from 'node:fs';
import http2 from 'node:http2';
import { connect as connectPlain } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { connect as connectTls } from 'node:tls';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { createRpcChannelClient, openRpcChannel, type RpcClient, wardenV1 } from '@castellan/rpc';
import { run } from '../program.js';
import { CLI } from '../product.js';
import { admin, useTarget } from './target.js';

const target = useTarget();
const CHECK = '/castellan.warden.v1.Warden/Check';
const OK = '0';
const status = {
  INVALID_ARGUMENT: '3',
  DEADLINE_EXCEEDED: '4',
  PERMISSION_DENIED: '7',
  RESOURCE_EXHAUSTED: '8',
  UNIMPLEMENTED: '12',
  INTERNAL: '13',
  UNAUTHENTICATED: '16',
} as const;

type Called = { readonly http: number | undefined; readonly grpc: string | undefined; readonly message: string };

function pem(name: string, folder = target().product.certificates): Buffer {
  return readFileSync(path.join(folder, name));
}

function port(): number {
  return Number(target().product.wardenTarget.split(':')[1]);
}

function session(peer = 'client', folder = target().product.certificates): http2.ClientHttp2Session {
  const opened = http2.connect(`https://localhost:${port()}`, {
    ca: pem('ca.pem'),
    cert: pem(`${peer}.pem`, folder),
    key: pem(`${peer}-key.pem`, folder),
  });
  opened.on('error', () => undefined);
  return opened;
}

/** Length-prefixed message (gRPC over HTTP/2). */
function framed(message: Uint8Array, flag = 0, length = message.length): Buffer {
  const head = Buffer.alloc(5);
  head.writeUInt8(flag, 0);
  head.writeUInt32BE(length, 1);
  return Buffer.concat([head, message]);
}

function checkBytes(changes: Partial<wardenV1.CheckRequest> = {}): Uint8Array {
  const request = { subject: 'peter', resource: 'r', action: 'a', context: undefined, anonymous: false, ...changes };
  return wardenV1.CheckRequest.encode(request).finish();
}

/** Calls a method with whatever bytes, and answers what came of it; no status within the time is a closed stream. */
function call(body: Buffer, headers: http2.OutgoingHttpHeaders = {}, peer = 'client'): Promise<Called> {
  const opened = session(peer);
  return new Promise((resolve) => {
    let http: number | undefined;
    let grpc: string | undefined;
    let message = '';
    const stream = opened.request({
      ':method': 'POST',
      ':path': CHECK,
      'content-type': 'application/grpc',
      te: 'trailers',
      ...headers,
    });
    const note = (from: http2.IncomingHttpHeaders): void => {
      grpc ??= from['grpc-status']?.toString();
      message += from['grpc-message']?.toString() ?? '';
    };
    const finish = (): void => {
      opened.destroy();
      resolve({ http, grpc, message });
    };
    stream.on('response', (from) => {
      http = from[':status'];
      note(from);
    });
    stream.on('trailers', note);
    stream.on('error', () => undefined);
    stream.on('close', finish);
    stream.setTimeout(6_000, () => stream.close());
    stream.resume();
    stream.end(body);
  });
}

function client(): RpcClient<typeof wardenV1.WardenService> {
  return createRpcChannelClient(
    wardenV1.WardenService,
    openRpcChannel({
      target: target().product.wardenTarget,
      security: { kind: 'tls', ca: pem('ca.pem'), cert: pem('client.pem'), key: pem('client-key.pem') },
    }),
  );
}

describe('the gRPC port', () => {
  it('positive control: an honest call is answered', async () => {
    expect(await call(framed(checkBytes()))).toMatchObject({ http: 200, grpc: OK });
  });

  it('GR-01: without TLS, without a certificate or with one of another authority nobody is served', async () => {
    const plain = await new Promise<string>((resolve) => {
      let text = '';
      const socket = connectPlain(port(), 'localhost', () =>
        socket.write('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0'),
      );
      socket.on('data', (chunk: Buffer) => (text += chunk.toString('latin1')));
      socket.on('error', () => resolve(text));
      socket.on('close', () => resolve(text));
    });
    expect(plain).not.toContain('grpc-status');
    const bare = await new Promise<string>((resolve) => {
      const socket = connectTls({ port: port(), host: 'localhost', ca: pem('ca.pem'), ALPNProtocols: ['h2'] });
      let text = '';
      socket.on('data', (chunk: Buffer) => (text += chunk.toString('latin1')));
      socket.on('error', (error) => resolve(error.message));
      socket.on('close', () => resolve(text));
      socket.setTimeout(2_000, () => socket.destroy());
    });
    expect(bare).toMatch(/certificate required|ECONNRESET|alert/i);
    const folder = mkdtempSync(path.join(tmpdir(), 'castellan-evil-'));
    expect((await run(CLI, ['certs', 'dev', folder], { env: { HOME: folder } })).code).toBe(0);
    const evil = session('client', folder);
    const outcome = await new Promise<string>((resolve) => {
      evil.on('error', (error: Error) => resolve(error.message));
      evil.on('close', () => resolve('closed'));
      const stream = evil.request({ ':method': 'POST', ':path': CHECK, 'content-type': 'application/grpc' });
      stream.on('error', () => undefined);
      stream.on('response', () => resolve('answered'));
      stream.end(framed(checkBytes()));
    });
    evil.destroy();
    rmSync(folder, { recursive: true, force: true });
    expect(outcome).not.toBe('answered');
  });

  it.each(['gateway', 'keys', 'https'])('GR-02: the certificate of %s does not ask the Warden', async (peer) => {
    const answer = await call(framed(checkBytes()), {}, peer).catch(() => ({
      http: undefined,
      grpc: undefined,
      message: '',
    }));
    expect([status.PERMISSION_DENIED, status.UNAUTHENTICATED, undefined]).toContain(answer.grpc);
  });

  it('GR-02: a caller of decisions writes no policy and reaches no other service', async () => {
    for (const method of [
      'warden.v1.Policies/ListPolicies',
      'warden.v1.Policies/CreatePolicy',
      'warden.v1.Groups/AddMembers',
      'keys.v1.Signing/Sign',
      'keys.v1.Keys/GetKey',
      'token.v1.Tokens/IssueToken',
      'token.v1.Clients/ListClients',
      'token.v1.Tokens/Introspect',
    ]) {
      const answer = await call(framed(new Uint8Array()), { ':path': `/castellan.${method}` });
      expect([status.PERMISSION_DENIED, status.UNIMPLEMENTED], method).toContain(answer.grpc);
    }
  });

  it('GR-03: metadata does not make somebody else of a caller', async () => {
    const metadata = {
      'x-user': 'admin',
      'x-forwarded-for': '127.0.0.1',
      authorization: `Bearer ${target().root}`,
      'castellan-peer': 'admin',
      'x-castellan-peer': 'admin',
      peer: 'admin',
      'grpc-internal-x': '1',
    };
    const answer = await call(framed(checkBytes({ subject: '', anonymous: true })), metadata);
    expect(answer.grpc).toBe(status.INVALID_ARGUMENT);
    const policies = await call(framed(new Uint8Array()), {
      ':path': '/castellan.warden.v1.Policies/ListPolicies',
      ...metadata,
    });
    expect([status.PERMISSION_DENIED, status.UNIMPLEMENTED]).toContain(policies.grpc);
  });

  it.each<[string, () => Buffer, http2.OutgoingHttpHeaders]>([
    ['2 MiB', () => framed(Buffer.alloc(2_097_152, 10)), {}],
    ['a length of 2^32-1', () => framed(Buffer.alloc(10), 0, 0xffffffff), {}],
    ['a gzip bomb', () => framed(gzipSync(Buffer.alloc(50 * 1024 * 1024)), 1), { 'grpc-encoding': 'gzip' }],
  ])('GR-05: a message of %s is refused', async (_what, make, headers) => {
    const answer = await call(make(), headers);
    expect(answer.grpc).not.toBe(OK);
  });

  it.each<[string, () => Buffer]>([
    ['a cut frame', () => framed(checkBytes()).subarray(0, 8)],
    ['no frame', () => Buffer.alloc(0)],
    ['half a head', () => Buffer.from([0, 0])],
    ['random bytes', () => framed(Buffer.from('ffffffffffffffffffffff', 'hex'))],
    ['field number 0', () => framed(Buffer.from([0x02, 0x01, 0x41]))],
    ['a wrong wire type', () => framed(Buffer.from([0x08, 0x01]))],
    ['a wire type that is none', () => framed(Buffer.from([0x0f]))],
    [
      'a negative length',
      () => framed(Buffer.from([0x0a, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01])),
    ],
    ['a length beyond the end', () => framed(Buffer.from([0x0a, 0x7f, 0x41]))],
    ['a varint without end', () => framed(Buffer.alloc(64, 0xff))],
    ['text that is not UTF-8', () => framed(Buffer.from([0x0a, 0x02, 0xff, 0xfe, 0x12, 0x01, 0x72, 0x1a, 0x01, 0x61]))],
    ['a context of depth 10000', () => framed(deepContext(10_000))],
    ['two messages', () => Buffer.concat([framed(checkBytes()), framed(checkBytes())])],
  ])('GR-06: %s is never allowed and harms nobody', async (_what, make) => {
    await admin(target(), 'PUT', '/policies/wide', {
      id: 'wide',
      subjects: ['<.*>'],
      effect: 'allow',
      resources: ['<.*>'],
      actions: ['<.*>'],
    });
    const answer = await call(make());
    expect(answer.grpc).not.toBe(OK);
    expect(answer.message).not.toMatch(/\.js|node_modules|    at /);
    await admin(target(), 'DELETE', '/policies/wide');
    expect((await call(framed(checkBytes()))).grpc).toBe(OK);
  });

  /** A Struct in a Struct in a Struct, written inside out. */
  function deepContext(depth: number): Buffer {
    const field = (number: number, content: Buffer): Buffer =>
      Buffer.concat([Buffer.from([(number << 3) | 2]), varint(content.length), content]);
    const parts: Buffer[] = [];
    let length = 0;
    for (let level = 0; level < depth; level++) {
      // fields { key: "a", value { struct_value { ... } } }
      const struct = Buffer.concat([Buffer.from([0x2a]), varint(length)]);
      const value = Buffer.concat([Buffer.from([0x12]), varint(length + struct.length)]);
      const key = Buffer.from([0x0a, 0x01, 0x61]);
      const entry = Buffer.concat([Buffer.from([0x0a]), varint(key.length + value.length + struct.length + length)]);
      const head = Buffer.concat([entry, key, value, struct]);
      parts.push(head);
      length += head.length;
    }
    const context = Buffer.concat(parts.reverse());
    return Buffer.concat([Buffer.from(checkBytes()), field(4, context)]);
  }

  function varint(value: number): Buffer {
    const bytes: number[] = [];
    let rest = value;
    for (; rest > 0x7f; rest = Math.floor(rest / 128)) bytes.push((rest & 0x7f) | 0x80);
    return Buffer.from([...bytes, rest]);
  }

  it('GR-06, GR-19: unknown fields are dropped, the last of a repeated scalar counts for every reader', async () => {
    const unknown = Buffer.concat([Buffer.from(checkBytes()), Buffer.from([0xf8, 0xff, 0xff, 0xff, 0x0f, 0x01])]);
    expect((await call(framed(unknown))).grpc).toBe(OK);
  });

  it.each(['text/html', 'application/json', 'application/x-protobuf', ''])(
    'GR-06, GR-17: content type %j is not served',
    async (type) => {
      const answer = await call(framed(checkBytes()), { 'content-type': type });
      expect(answer.grpc).not.toBe(OK);
    },
  );

  it.each(['0n', '1n', '-1S', '99999999999S', 'abc', '1', '1X', ''])(
    'GR-11: a timeout of %j ends in an answer',
    async (timeout) => {
      const startedAt = Date.now();
      const answer = await call(framed(checkBytes()), { 'grpc-timeout': timeout });
      expect(Date.now() - startedAt).toBeLessThan(6_000);
      expect([OK, status.DEADLINE_EXCEEDED, status.INVALID_ARGUMENT, status.INTERNAL, undefined]).toContain(
        answer.grpc,
      );
    },
  );

  it('GR-15, GR-22: a malformed request is named, a fault is not', async () => {
    const answer = await call(framed(checkBytes({ subject: '' })));
    expect([answer.grpc, decodeURIComponent(answer.message)]).toEqual([
      status.INVALID_ARGUMENT,
      'subject must not be empty',
    ]);
  });

  it('GR-17: HTTP/1 on the gRPC port is refused', async () => {
    const text = await new Promise<string>((resolve) => {
      const socket = connectTls(
        {
          port: port(),
          host: 'localhost',
          ca: pem('ca.pem'),
          cert: pem('client.pem'),
          key: pem('client-key.pem'),
          ALPNProtocols: ['http/1.1'],
        },
        () => socket.write('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n'),
      );
      let received = '';
      socket.on('data', (chunk: Buffer) => (received += chunk.toString()));
      socket.on('error', () => resolve(received));
      socket.on('close', () => resolve(received));
      socket.setTimeout(2_000, () => socket.destroy());
    });
    expect(text).not.toMatch(/ 200 /);
  });

  it.each([
    '/castellan.warden.v1.Warden/check',
    '/castellan.warden.v1.Warden/Check/',
    '/castellan.warden.v1.warden/Check',
    '//castellan.warden.v1.Warden/Check',
    '/castellan.warden.v1.Warden/%43heck',
    '/castellan.warden.v1.Warden/Check?x',
    '/castellan.warden.v1.Warden/constructor',
    '/__proto__/x',
    '/',
    '/castellan.warden.v1.Warden',
  ])('GR-18: %s is no method', async (method) => {
    const answer = await call(framed(checkBytes()), { ':path': method });
    expect(answer.grpc).toBe(status.UNIMPLEMENTED);
  });

  it('GR-21: a batch has a limit, and each of its items is judged alone', async () => {
    const one = { subject: 'nobody', resource: 'r', action: 'a', context: undefined, anonymous: false };
    const warden = client();
    expect((await warden.batchCheck({ checks: Array.from({ length: 256 }, () => one) })).results).toHaveLength(256);
    await expect(warden.batchCheck({ checks: Array.from({ length: 257 }, () => one) })).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
    });
    expect((await warden.batchCheck({ checks: [] })).results).toEqual([]);
    const { results } = await warden.batchCheck({
      checks: [{ ...one, subject: '' }, { ...one, subject: '', anonymous: true }, { ...one, subject: 'a\0' }, one],
    });
    expect(results.map((result) => result.decision?.allowed)).toEqual([undefined, undefined, undefined, false]);
    await expect(
      warden.batchCheck({ checks: Array.from({ length: 256 }, () => ({ ...one, subject: 'x'.repeat(8_000) })) }),
    ).rejects.toBeDefined();
  });

  it('GR-10: streams that are opened and reset by the thousand keep nobody else waiting', async () => {
    const opened = session();
    for (let each = 0; each < 2_000 && !opened.destroyed; each++) {
      const stream = opened.request({
        ':method': 'POST',
        ':path': CHECK,
        'content-type': 'application/grpc',
        te: 'trailers',
      });
      stream.on('error', () => undefined);
      stream.close(http2.constants.NGHTTP2_CANCEL);
    }
    const startedAt = Date.now();
    expect((await call(framed(checkBytes()))).grpc).toBe(OK);
    expect(Date.now() - startedAt).toBeLessThan(8_000);
    opened.destroy();
  });
});
