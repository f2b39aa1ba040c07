/** The part of the standard `fetch` that is used; give your own to trust other certificates or to add traces. */
export type Fetch = (
  url: string,
  init: {
    readonly method: string;
    readonly headers: Readonly<Record<string, string>>;
    readonly body?: string;
    readonly signal: AbortSignal;
    readonly redirect: 'manual';
  },
) => Promise<Pick<Response, 'status' | 'text'> & Partial<Pick<Response, 'headers'>>>;

/** What to send; the deadline in milliseconds covers the answer's body too. */
export type Exchange = {
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly deadlineMs: number;
};

/** What came back: `body` is undefined where it is not JSON, `link` where there is no Link header (RFC 8288). */
export type Exchanged = { readonly status: number; readonly body: unknown; readonly link?: string };

/** Sends one request without following redirects. Rejects like fetch. */
export async function exchangeJson(
  send: Fetch,
  { method, url, headers, body, deadlineMs }: Exchange,
): Promise<Exchanged> {
  const signal = AbortSignal.timeout(deadlineMs);
  const response = await send(url, {
    method,
    headers: { accept: 'application/json', ...headers },
    ...(body !== undefined ? { body } : {}),
    signal,
    redirect: 'manual',
  });
  const link = response.headers?.get('link') ?? undefined;
  const answer = { status: response.status, body: parseJson(await response.text()) };
  return link === undefined ? answer : { ...answer, link };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
