import { readFileSync } from 'node:fs';
import * as http from 'node:http';
import * as https from 'node:https';

export type HttpRequest = {
  readonly method: 'GET' | 'POST';
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
};
export type HttpResponse = { readonly status: number; readonly body: string };
export type HttpClient = { send(request: HttpRequest): Promise<HttpResponse>; close(): void };

const TIMEOUT_MS = 5_000;
const MAX_BODY_BYTES = 1024 * 1024;

/**
 * Makes an HTTP client that trusts the certificates of `caFile` (PEM) and no others, or the system's without it.
 * The file is read again after a failed connection, so that a renewed certificate needs no restart.
 * `send` rejects when there is no complete answer within 5 s or the answer exceeds 1 MiB.
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
    async send(request) {
      const secure = request.url.startsWith('https:');
      const attempt = (): Promise<HttpResponse> => exchange(request, secure ? tls : plain);
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

function exchange(request: HttpRequest, agent: http.Agent | https.Agent): Promise<HttpResponse> {
  const { request: open } = request.url.startsWith('https:') ? https : http;
  const { method, url, headers = {}, body } = request;
  return new Promise((resolve, reject) => {
    const outgoing = open(url, { method, headers, agent, signal: AbortSignal.timeout(TIMEOUT_MS) }, (incoming) => {
      const chunks: Buffer[] = [];
      let size = 0;
      incoming.on('data', (chunk: Buffer) => {
        size += chunk.length;
        if (size > MAX_BODY_BYTES) incoming.destroy(new Error('answer too large'));
        else chunks.push(chunk);
      });
      incoming.on('end', () =>
        resolve({ status: incoming.statusCode ?? 0, body: Buffer.concat(chunks).toString('utf8') }),
      );
      incoming.on('error', reject);
    });
    outgoing.on('error', reject);
    outgoing.end(body);
  });
}
