import type { IncomingMessage } from 'node:http';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { AddressList } from '../address-list.js';
import { HttpError } from './http-error.js';

/** PEM texts. */
export type TlsCertificate = { readonly cert: string | Buffer; readonly key: string | Buffer };

/** How requests reach us. */
export type HttpTransport =
  /** The certificate may come later, from `HttpApp.setCertificate`, but before listening. */
  | { readonly kind: 'https'; readonly certificate?: TlsCertificate }
  /** Plain http for anybody: `--dangerous-force-http`. Proxies that are listed may still say what the browser used. */
  | { readonly kind: 'http'; readonly proxies?: AddressList }
  /** Plain http from these proxies, which speak https to the world: `HTTPS_ALLOW_TERMINATION_FROM`. */
  | { readonly kind: 'terminated'; readonly proxies: AddressList };

const HEALTH_PATHS = new Set(['/health', '/health/alive', '/health/ready', '/health/status']);

declare module 'fastify' {
  interface FastifyRequest {
    /** The browser (or client) reached us, or a proxy we trust, over https. */
    secure: boolean;
    /** Address of the client: the TCP peer, or what a proxy we trust says it was. */
    clientAddress: string;
  }
}

function lastValue(header: string | readonly string[] | undefined): string | undefined {
  const text = typeof header === 'string' ? header : header?.join(',');
  return text?.split(',').at(-1)?.trim();
}

/** How a request came; what says so in its headers counts only from a listed proxy. */
export function transportFacts(
  { socket, headers }: IncomingMessage,
  transport: HttpTransport,
): Pick<FastifyRequest, 'secure' | 'clientAddress'> {
  const peer = socket.remoteAddress ?? '';
  if (transport.kind === 'https') return { secure: true, clientAddress: peer };
  if (transport.proxies?.includes(peer) !== true) return { secure: false, clientAddress: peer };
  return {
    secure: lastValue(headers['x-forwarded-proto'])?.toLowerCase() === 'https',
    clientAddress: lastValue(headers['x-forwarded-for']) ?? peer,
  };
}

/** Notes how each request came. */
export function addTransportFacts(server: FastifyInstance, transport: HttpTransport): void {
  server.decorateRequest('secure', false);
  server.decorateRequest('clientAddress', '');
  server.addHook('onRequest', (request, _reply, done) => {
    const { secure, clientAddress } = transportFacts(request.raw, transport);
    request.secure = secure;
    request.clientAddress = clientAddress;
    done();
  });
}

/** Where a proxy ends https, refuses what did not come through it over https; health is asked directly. */
export function addTransportCheck(server: FastifyInstance, transport: HttpTransport): void {
  if (transport.kind !== 'terminated') return;
  server.addHook('onRequest', (request, _reply, done) => {
    if (request.secure || HEALTH_PATHS.has(request.url.split('?', 1)[0] ?? '')) return done();
    done(new HttpError(502, 'Can not serve request over insecure http'));
  });
}
