import { readFileSync } from 'node:fs';
import * as http from 'node:http';
import * as https from 'node:https';

/** What callers give to `fetch`; a call without a signal has 5 s. */
export type FetchInit = {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
  readonly signal?: AbortSignal;
};
export type HttpClient = { fetch(url: string, init?: FetchInit): Promise<Response>; close(): void };

const TIMEOUT_MS = 5_000;
const MAX_BODY_BYTES = 1024 * 1024;

/**
 * Makes a `fetch` that trusts the certificates of `caFile` (PEM) and no others, or the system's without it. The file is
 * read again after a failed connection, so that a renewed certificate needs no restart. Redirects are not followed.
 * Rejects when there is no complete answer in time or the answer exceeds 1 MiB.
 */
export function createHttpClient(caFile?: string): HttpClient {
  let ca = caFile === undefined ? undefined : readFileSync(caFile, 'utf8');
  let tls = new https.Agent({ keepAlive: true, ...(ca !== undefined ? { ca } : {}) });
  const plain = new http.Agent({ keepAlive: true });

  function trustChanged(): boolean {
    if (caFile === undefined) return false;
    const current = readFileSync(caFile, 'utf8');
    if (current === ca) return false;
    ca = current;
    tls.destroy();
    tls = new https.Agent({ keepAlive: true, ca });
    return true;
  }

  return {
    async fetch(url, init = {}) {
      const secure = url.startsWith('https:');
      const attempt = (): Promise<Response> => exchange(url, init, secure ? tls : plain);
      try {
        return await attempt();
      } catch (error) {
        if (secure && trustChanged()) return attempt();
        throw error;
      }
    },
    close() {
      tls.destroy();
      plain.destroy();
    },
  };
}

function exchange(url: string, init: FetchInit, agent: http.Agent | https.Agent): Promise<Response> {
  const { request: open } = url.startsWith('https:') ? https : http;
  const { method = 'GET', headers = {}, body, signal = AbortSignal.timeout(TIMEOUT_MS) } = init;
  return new Promise((resolve, reject) => {
    const outgoing = open(url, { method, headers, agent, signal }, (incoming) => {
      const chunks: Buffer[] = [];
      let size = 0;
      incoming.on('data', (chunk: Buffer) => {
        size += chunk.length;
        if (size > MAX_BODY_BYTES) incoming.destroy(new Error('answer too large'));
        else chunks.push(chunk);
      });
      incoming.on('end', () => resolve(toResponse(incoming, Buffer.concat(chunks))));
      incoming.on('error', reject);
    });
    outgoing.on('error', reject);
    outgoing.end(body === undefined || body === null ? undefined : bytesOf(body));
  });
}

function bytesOf(body: unknown): string | Uint8Array {
  if (typeof body === 'string' || body instanceof Uint8Array) return body;
  if (body instanceof URLSearchParams) return body.toString();
  throw new TypeError('a body is a text or bytes');
}

function toResponse(incoming: http.IncomingMessage, content: Buffer): Response {
  const headers = new Headers();
  for (const [name, value] of Object.entries(incoming.headers))
    for (const each of [value ?? []].flat()) headers.append(name, each);
  const status = incoming.statusCode ?? 502;
  const hasBody = ![204, 205, 304].includes(status);
  return new Response(hasBody ? new Uint8Array(content) : null, { status, headers });
}
