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
) => Promise<Pick<Response, 'status' | 'text'>>;

/** What to send; the deadline in milliseconds covers the answer's body too. */
export type Exchange = {
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly deadlineMs: number;
};

/** Sends one request without following redirects. `body` is undefined where the answer is not JSON. Rejects like fetch. */
export async function exchangeJson(
  send: Fetch,
  { method, url, headers, body, deadlineMs }: Exchange,
): Promise<{ status: number; body: unknown }> {
  const signal = AbortSignal.timeout(deadlineMs);
  const response = await send(url, {
    method,
    headers: { accept: 'application/json', ...headers },
    ...(body !== undefined ? { body } : {}),
    signal,
    redirect: 'manual',
  });
  return { status: response.status, body: parseJson(await response.text()) };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
