import { status } from '@grpc/grpc-js';
import { describe, expect, it } from 'vitest';
import {
  MAX_DEADLINE_MS,
  RPC_CODES,
  RpcError,
  clampDeadline,
  fromGrpcStatus,
  keysV1,
  readRequestId,
  serviceNameOf,
  serviceRoomOf,
  spiffeNameOf,
  toGrpcStatus,
  uriNamesOf,
} from './index.js';

describe('an RpcError', () => {
  it.each(RPC_CODES)('%s comes back from its gRPC status', (code) => {
    expect(fromGrpcStatus(toGrpcStatus(code), 'why')).toMatchObject({ code, message: 'why' });
  });

  it('of a status without a code here is a fault, and of a cancelled call an outage', () => {
    for (const code of [status.UNKNOWN, status.DATA_LOSS, status.OUT_OF_RANGE, 99]) {
      expect(fromGrpcStatus(code, 'secret')).toMatchObject({ code: 'INTERNAL', message: 'internal error' });
    }
    expect(fromGrpcStatus(status.CANCELLED, 'x').code).toBe('UNAVAILABLE');
  });

  it('has a message that fits into a header', () => {
    expect(new RpcError('INTERNAL', 'x'.repeat(10_000)).message).toHaveLength(1_024);
  });
});

describe('a call', () => {
  it.each([
    [undefined, 2_000],
    [Number.NaN, 2_000],
    [0, 1],
    [-5, 1],
    [500, 500],
    [1e12, MAX_DEADLINE_MS],
    [Number.POSITIVE_INFINITY, MAX_DEADLINE_MS],
  ])('that asks for %s ms gets %i', (asked, expected) => {
    expect(clampDeadline(asked, 2_000)).toBe(expected);
  });

  it('keeps a plain request id and replaces any other', () => {
    expect(readRequestId('a.B-1_2')).toBe('a.B-1_2');
    for (const id of [undefined, '', 'a b', 'a\r\nb', 'x'.repeat(129), Buffer.from('a')]) {
      expect(readRequestId(id)).toMatch(/^[A-Za-z0-9_-]{16}$/);
    }
  });

  it.each([
    `ct_at_${'A'.repeat(54)}.${'B'.repeat(43)}`,
    `ct_rt_${'A'.repeat(54)}.${'B'.repeat(43)}`,
    `ct_ac_${'A'.repeat(54)}.${'B'.repeat(43)}`,
    `ct_ia_${'A'.repeat(43)}`,
    `ct_ra_${'A'.repeat(43)}`,
    `trace-ct_ra_${'A'.repeat(43)}`,
    `x_cs_${'A'.repeat(43)}`,
    `csk1_${'A'.repeat(43)}`,
    `eyJhbGciOiJub25lIn0.${'e30'}.c2ln`,
  ])('takes no request id that looks like a secret of ours, for IDs go into logs, traces and rows: %s', (id) => {
    expect(readRequestId(id)).toMatch(/^[A-Za-z0-9_-]{16}$/);
  });

  it('keeps request ids that only begin alike', () => {
    for (const id of ['ct_a', 'direct_at_noon', 'cs_101', 'docs_and_tests', 'eyJ.a.b']) {
      expect(readRequestId(id)).toBe(id);
    }
  });

  it('finds its service by the proto package', () => {
    expect(serviceNameOf(keysV1.SigningService)).toBe('castellan.keys.v1.Signing');
    expect(serviceRoomOf(keysV1.SigningService)).toBe('keys');
  });
});

describe('the names of a certificate', () => {
  it.each([
    [undefined, []],
    ['', []],
    ['DNS:localhost, URI:spiffe://castellan/keys', ['spiffe://castellan/keys']],
    ['URI:a:b, IP Address:127.0.0.1, URI:c:d', ['a:b', 'c:d']],
    ['DNS:"x, URI:spiffe://castellan/token"', []],
    ['DNS:"x\\", URI:spiffe://castellan/token"', []],
    ['URI:"spiffe://castellan/token\\u0000"', []],
    ['DirName:"CN=x, URI:spiffe://castellan/token", URI:a:b', ['a:b']],
  ])('in %j are the URIs %j', (text, expected) => {
    expect(uriNamesOf(text)).toEqual(expected);
  });

  it('say which service it is, exactly', () => {
    expect(spiffeNameOf('spiffe://castellan/token')).toBe('token');
    for (const uri of [
      'spiffe://castellan/client',
      'spiffe://castellan/Token',
      'spiffe://castellan/token/',
      'spiffe://other/token',
      'https://castellan/token',
    ]) {
      expect(spiffeNameOf(uri)).toBeUndefined();
    }
  });
});
