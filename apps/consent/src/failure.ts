/** What a person can be told when the app cannot go on; its members are shown, its cause is logged only. */
export class Failure extends Error {
  override readonly name = 'Failure';
  readonly status: number;
  readonly title: string;
  readonly advice: string | undefined;
  /** Names and values, such as the parts of a missing policy. */
  readonly facts: readonly (readonly [name: string, value: string])[];

  constructor(options: {
    status: number;
    title: string;
    message: string;
    advice?: string;
    facts?: readonly (readonly [name: string, value: string])[];
    cause?: unknown;
  }) {
    super(options.message, { cause: options.cause });
    this.status = options.status;
    this.title = options.title;
    this.advice = options.advice;
    this.facts = options.facts ?? [];
  }
}

/** The request itself is unusable (status 400). */
export function badRequest(title: string, message: string, advice?: string): Failure {
  return new Failure({ status: 400, title, message, ...(advice !== undefined ? { advice } : {}) });
}

/** The authorization server did not answer, or not as it should (status 502). */
export function badGateway(title: string, message: string, cause?: unknown): Failure {
  return new Failure({ status: 502, title, message, cause });
}
