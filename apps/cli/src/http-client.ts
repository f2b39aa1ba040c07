import { request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import { rootCertificates } from 'node:tls';
import { errorText } from './terminal.js';

export type HttpRequest = {
  readonly method: string;
  /** Absolute http or https URL; its path is sent as it stands, dot segments included. */
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
};

export type HttpAnswer = {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
};

/** Sends one request. Redirects are not followed. Throws an Error that names method and URL when no complete answer came. */
export type HttpClient = (request: HttpRequest) => Promise<HttpAnswer>;

export type HttpClientOptions = {
  /** Accept any certificate. */
  readonly skipTlsVerify?: boolean;
  /** Certificates (PEM) to trust beside those that Node trusts. */
  readonly caPem?: string;
  /** Claim that a proxy in front of the server terminated TLS. */
  readonly fakeTlsTermination?: boolean;
  readonly timeoutMs?: number;
};

const maxAnswerBytes = 16 * 1024 * 1024;

/** An HTTP client on Node's own modules: one connection per request, so that nothing keeps the process alive. */
export function createHttpClient(options: HttpClientOptions = {}): HttpClient {
  const tls = {
    ...(options.skipTlsVerify === true ? { rejectUnauthorized: false } : {}),
    ...(options.caPem !== undefined ? { ca: [...rootCertificates, options.caPem] } : {}),
  };
  const timeoutMs = options.timeoutMs ?? 30_000;
  const extraHeaders = options.fakeTlsTermination === true ? { 'X-Forwarded-Proto': 'https' } : {};

  return async function send(request) {
    const headers = { 'User-Agent': 'castellan-cli', ...request.headers, ...extraHeaders };
    try {
      return await exchange({ ...request, headers }, tls, timeoutMs);
    } catch (error) {
      throw new Error(`${request.method} ${withoutQuery(request.url)}: ${errorText(error)}`, { cause: error });
    }
  };
}

function exchange(request: HttpRequest, tls: object, timeoutMs: number): Promise<HttpAnswer> {
  return new Promise((resolve, reject) => {
    const { protocol, hostname, port, path } = splitUrl(request.url);
    const body = request.body === undefined ? undefined : Buffer.from(request.body);
    const outgoing = (protocol === 'https:' ? requestHttps : requestHttp)({
      ...tls,
      agent: false,
      method: request.method,
      hostname,
      ...(port !== '' ? { port } : {}),
      path,
      headers: { ...request.headers, ...(body !== undefined ? { 'Content-Length': String(body.length) } : {}) },
    });
    const timer = setTimeout(() => outgoing.destroy(new Error(`no answer within ${timeoutMs / 1000} s`)), timeoutMs);
    outgoing.on('error', reject);
    outgoing.on('close', () => clearTimeout(timer));
    outgoing.on('response', (incoming) => {
      const chunks: Buffer[] = [];
      let size = 0;
      incoming.on('data', (chunk: Buffer) => {
        size += chunk.length;
        if (size > maxAnswerBytes) outgoing.destroy(new Error('the answer is too large'));
        else chunks.push(chunk);
      });
      incoming.on('error', reject);
      incoming.on('end', () => {
        const text = Buffer.concat(chunks).toString('utf8');
        resolve({ status: incoming.statusCode ?? 0, headers: incoming.headers, body: text });
      });
    });
    outgoing.end(body);
  });
}

// The path is cut from the text, because the URL class resolves `..` and `%2e%2e`: an id must never move a request to another path.
function splitUrl(text: string): { protocol: string; hostname: string; port: string; path: string } {
  const origin = /^(https?:)\/\/[^/?#]+/i.exec(text)?.[0];
  if (origin === undefined) throw new Error('not an http or https URL');
  const url = new URL(origin);
  const rest = text.slice(origin.length);
  const path = rest === '' || rest.startsWith('?') ? `/${rest}` : rest;
  return { protocol: url.protocol, hostname: url.hostname.replace(/^\[|\]$/g, ''), port: url.port, path };
}

function withoutQuery(url: string): string {
  return url.split(/[?#]/, 1)[0] ?? url;
}
