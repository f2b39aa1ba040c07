/** What to send. */
export type Ask = {
  readonly form?: Readonly<Record<string, string>>;
  readonly json?: unknown;
  readonly authorization?: string;
};

/** An answer that was not 2xx. */
export class AnswerError extends Error {
  constructor(
    readonly status: number,
    message: string,
  ) {
    super(message);
  }
}

const tries = 10;
const pauseMs = 500;

/**
 * Asks and answers the JSON of a 2xx answer. A server that is busy (429, 503) is asked again for some seconds. Throws
 * AnswerError for any other answer.
 */
export async function ask(url: string, request: Ask = {}): Promise<unknown> {
  for (let left = tries; ; left--)
    try {
      return await askOnce(url, request);
    } catch (cause) {
      const isBusy = cause instanceof AnswerError && (cause.status === 429 || cause.status === 503);
      if (!isBusy || left <= 1) throw cause;
      await new Promise((resolve) => setTimeout(resolve, pauseMs));
    }
}

async function askOnce(url: string, { form, json, authorization }: Ask): Promise<unknown> {
  const body = form !== undefined ? new URLSearchParams(form).toString() : JSON.stringify(json);
  const type = form !== undefined ? 'application/x-www-form-urlencoded' : 'application/json';
  const answer = await fetch(url, {
    ...(form !== undefined || json !== undefined ? { method: 'POST', body } : {}),
    headers: {
      ...(form !== undefined || json !== undefined ? { 'Content-Type': type } : {}),
      ...(authorization !== undefined ? { Authorization: authorization } : {}),
    },
  });
  const text = await answer.text();
  if (!answer.ok) throw new AnswerError(answer.status, `${url} answered ${answer.status}: ${text}`);
  return text === '' ? undefined : (JSON.parse(text) as unknown);
}

const mostMs = 120_000;

/** Waits until a GET is answered with 200; answers how long that took, in milliseconds. Throws when its server ended. */
export async function untilAnswers(
  url: string,
  output: () => string,
  hasEnded: () => boolean = () => false,
): Promise<number> {
  const startedAt = performance.now();
  for (;;) {
    const isReady = await fetch(url).then(
      async (answer) => (await answer.arrayBuffer(), answer.status === 200),
      () => false,
    );
    if (isReady) return performance.now() - startedAt;
    if (hasEnded()) throw new Error(`the server of ${url} ended:\n${output()}`);
    if (performance.now() - startedAt > mostMs) throw new Error(`${url} does not get ready:\n${output()}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
