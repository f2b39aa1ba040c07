import { authenticationFailure, fetchAccessToken, joinUrl } from './authentication.js';
import type { CliConfig } from './config-file.js';
import { curlCommand } from './dry-run.js';
import type { HttpAnswer, HttpClient } from './http-client.js';
import { compactJson } from './json.js';
import { CommandError, errorText, printable } from './terminal.js';

export type AdminRequest = {
  /** Begin of the error text, such as `Could not create client`. */
  readonly failure: string;
  /** Path segments, not yet encoded. */
  readonly path: readonly string[];
  readonly query?: Readonly<Record<string, string>>;
  readonly json?: unknown;
  /** What a dry run shows instead of `json`, where that holds a secret. */
  readonly shown?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  /** The one status of success, where it is not that of the method. */
  readonly expected?: number;
};

/** An answer's JSON value with its headers, by names in lower case. */
export type AdminAnswer = { readonly value: unknown; readonly headers: HttpAnswer['headers'] };

/**
 * The admin HTTP API, called with the token of the stored client, which is fetched once, at the first request. In a dry run `get`,
 * `post`, `put`, `patch` and `delete` print their curl equivalent and answer `undefined`; `read` is sent all the same, for it changes nothing
 * and a change may be built on its answer. Failures are CommandErrors with the server's answer.
 */
export type AdminApi = {
  get(request: AdminRequest): Promise<unknown>;
  /** Like `get`; a dry run answers no headers. */
  getWithHeaders(request: AdminRequest): Promise<AdminAnswer>;
  read(request: AdminRequest): Promise<unknown>;
  readWithHeaders(request: AdminRequest): Promise<AdminAnswer>;
  /** Like `read`, but 404 answers `undefined`. */
  find(request: AdminRequest): Promise<unknown>;
  post(request: AdminRequest): Promise<unknown>;
  put(request: AdminRequest): Promise<unknown>;
  patch(request: AdminRequest): Promise<unknown>;
  delete(request: AdminRequest): Promise<unknown>;
  /** A DELETE that ends a part of something and answers the rest. */
  deleteAndRead(request: AdminRequest): Promise<unknown>;
};

type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

const contentTypes: { readonly [method in Method]?: string } = { PATCH: 'application/json-patch+json' };

export type AdminApiOptions = {
  readonly http: HttpClient;
  readonly config: CliConfig;
  readonly programName: string;
  /** Where a dry run prints; absent when requests are to be sent. */
  readonly printDryRun?: (text: string) => void;
  readonly fakeTlsTermination: boolean;
  /** Where warnings of the server are said; absent: nowhere. */
  readonly note?: (line: string) => void;
};

export function createAdminApi(options: AdminApiOptions): AdminApi {
  const { http, config } = options;
  let token: Promise<string> | undefined;

  function accessToken(): Promise<string> {
    token ??= fetchAccessToken(http, config).catch((error: unknown) => {
      throw authenticationFailure(error, options.programName);
    });
    return token;
  }

  async function send(method: Method, request: AdminRequest): Promise<AdminAnswer> {
    const answer = await exchange(method, request);
    warn(answer);
    return { value: acceptAnswer(method, request, answer), headers: answer.headers };
  }

  function warn({ headers }: HttpAnswer): void {
    for (const warning of [headers['x-castellan-warning'] ?? []].flat()) options.note?.(`Warning: ${warning}`);
  }

  async function find(request: AdminRequest): Promise<unknown> {
    const answer = await exchange('GET', request);
    return answer.status === 404 ? undefined : acceptAnswer('GET', request, answer);
  }

  async function exchange(method: Method, request: AdminRequest): Promise<HttpAnswer> {
    const bearer = await accessToken();
    return http({
      method,
      url: joinUrl(config.adminUrl, request.path, request.query),
      headers: {
        Accept: 'application/json',
        Authorization: `Bearer ${bearer}`,
        ...request.headers,
        ...(request.json !== undefined ? { 'Content-Type': contentTypeOf(method) } : {}),
      },
      ...(request.json !== undefined ? { body: compactJson(request.json) } : {}),
    }).catch((error: unknown) => {
      throw new CommandError(`${request.failure}: ${errorText(error)}`);
    });
  }

  async function sendOrShow(method: Method, request: AdminRequest): Promise<AdminAnswer> {
    if (options.printDryRun === undefined) return send(method, request);
    const shown = request.shown ?? request.json;
    options.printDryRun(
      curlCommand({
        method,
        url: joinUrl(config.adminUrl, request.path, request.query),
        headers: {
          ...request.headers,
          ...(shown !== undefined ? { 'Content-Type': contentTypeOf(method) } : {}),
          ...(options.fakeTlsTermination ? { 'X-Forwarded-Proto': 'https' } : {}),
        },
        ...(shown !== undefined ? { body: compactJson(shown) } : {}),
      }),
    );
    return { value: undefined, headers: {} };
  }

  async function valueOf(answer: Promise<AdminAnswer>): Promise<unknown> {
    return (await answer).value;
  }

  return {
    get: (request) => valueOf(sendOrShow('GET', request)),
    getWithHeaders: (request) => sendOrShow('GET', request),
    read: (request) => valueOf(send('GET', request)),
    readWithHeaders: (request) => send('GET', request),
    find,
    post: (request) => valueOf(sendOrShow('POST', request)),
    put: (request) => valueOf(sendOrShow('PUT', request)),
    patch: (request) => valueOf(sendOrShow('PATCH', request)),
    delete: (request) => valueOf(sendOrShow('DELETE', request)),
    deleteAndRead: (request) => valueOf(sendOrShow('DELETE', { ...request, expected: 200 })),
  };
}

function contentTypeOf(method: Method): string {
  return contentTypes[method] ?? 'application/json';
}

/** GET succeeds with exactly 200, DELETE with exactly 204, POST, PUT and PATCH with 204 or any 2xx that carries JSON. */
function acceptAnswer(method: Method, { failure, expected: told }: AdminRequest, answer: HttpAnswer): unknown {
  const body = printable(answer.body).trimEnd();
  if (method === 'GET' || method === 'DELETE') {
    const expected = told ?? (method === 'GET' ? 200 : 204);
    if (answer.status !== expected) {
      throw new CommandError(`${failure}: Expected status code ${expected}, got ${answer.status}.\n${body}`, {
        answer,
      });
    }
  } else if (answer.status < 200 || answer.status > 299) {
    throw new CommandError(`${failure}: Expected 2xx status code but got ${answer.status}.\n${body}`, { answer });
  }
  if (answer.status === 204) return undefined;
  try {
    return JSON.parse(answer.body) as unknown;
  } catch (error) {
    throw new CommandError(`${failure}: the answer is not JSON: ${errorText(error)}`);
  }
}
