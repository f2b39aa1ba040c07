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
};

/**
 * The admin HTTP API, called with the token of the stored client, which is fetched once, at the first request. In a dry run `get`,
 * `post`, `put` and `delete` print their curl equivalent and answer `undefined`; `read` is sent all the same, for it changes nothing
 * and a change may be built on its answer. Failures are CommandErrors with the server's answer.
 */
export type AdminApi = {
  get(request: AdminRequest): Promise<unknown>;
  read(request: AdminRequest): Promise<unknown>;
  /** Like `read`, but 404 answers `undefined`. */
  find(request: AdminRequest): Promise<unknown>;
  post(request: AdminRequest): Promise<unknown>;
  put(request: AdminRequest): Promise<unknown>;
  delete(request: AdminRequest): Promise<unknown>;
};

type Method = 'GET' | 'POST' | 'PUT' | 'DELETE';

export type AdminApiOptions = {
  readonly http: HttpClient;
  readonly config: CliConfig;
  readonly programName: string;
  /** Where a dry run prints; absent when requests are to be sent. */
  readonly printDryRun?: (text: string) => void;
  readonly fakeTlsTermination: boolean;
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

  async function send(method: Method, request: AdminRequest): Promise<unknown> {
    return acceptAnswer(method, request.failure, await exchange(method, request));
  }

  async function find(request: AdminRequest): Promise<unknown> {
    const answer = await exchange('GET', request);
    return answer.status === 404 ? undefined : acceptAnswer('GET', request.failure, answer);
  }

  async function exchange(method: Method, request: AdminRequest): Promise<HttpAnswer> {
    const bearer = await accessToken();
    return http({
      method,
      url: joinUrl(config.adminUrl, request.path, request.query),
      headers: {
        Accept: 'application/json',
        Authorization: `Bearer ${bearer}`,
        ...(request.json !== undefined ? { 'Content-Type': 'application/json' } : {}),
      },
      ...(request.json !== undefined ? { body: compactJson(request.json) } : {}),
    }).catch((error: unknown) => {
      throw new CommandError(`${request.failure}: ${errorText(error)}`);
    });
  }

  async function sendOrShow(method: Method, request: AdminRequest): Promise<unknown> {
    if (options.printDryRun === undefined) return send(method, request);
    const shown = request.shown ?? request.json;
    options.printDryRun(
      curlCommand({
        method,
        url: joinUrl(config.adminUrl, request.path, request.query),
        headers: {
          ...(shown !== undefined ? { 'Content-Type': 'application/json' } : {}),
          ...(options.fakeTlsTermination ? { 'X-Forwarded-Proto': 'https' } : {}),
        },
        ...(shown !== undefined ? { body: compactJson(shown) } : {}),
      }),
    );
    return undefined;
  }

  return {
    get: (request) => sendOrShow('GET', request),
    read: (request) => send('GET', request),
    find,
    post: (request) => sendOrShow('POST', request),
    put: (request) => sendOrShow('PUT', request),
    delete: (request) => sendOrShow('DELETE', request),
  };
}

/** GET succeeds with exactly 200, DELETE with exactly 204, POST and PUT with 204 or any 2xx that carries JSON. */
function acceptAnswer(method: Method, failure: string, answer: HttpAnswer): unknown {
  const body = printable(answer.body).trimEnd();
  if (method === 'GET' || method === 'DELETE') {
    const expected = method === 'GET' ? 200 : 204;
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
