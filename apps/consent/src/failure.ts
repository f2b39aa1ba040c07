/** Names and values, such as the parts of a missing policy; the name is a key of the translations (`facts.<name>`). */
export type Fact = readonly [name: 'subject' | 'action' | 'resource' | 'scope', value: string];

/**
 * What a person can be told when the app cannot go on: title, message and advice stand in the translations under
 * `failures.<key>`, with these parameters. The cause is logged only.
 */
export class Failure extends Error {
  override readonly name = 'Failure';
  readonly status: number;
  readonly key: string;
  readonly parameters: Readonly<Record<string, string>>;
  readonly facts: readonly Fact[];

  constructor(options: {
    status: number;
    key: string;
    parameters?: Readonly<Record<string, string>>;
    facts?: readonly Fact[];
    cause?: unknown;
  }) {
    super(options.key, { cause: options.cause });
    this.status = options.status;
    this.key = options.key;
    this.parameters = options.parameters ?? {};
    this.facts = options.facts ?? [];
  }
}

/** The request itself is unusable (status 400). */
export function badRequest(key: string): Failure {
  return new Failure({ status: 400, key });
}

/** The authorization server did not answer, or not as it should (status 502). */
export function badGateway(key: string, parameters: Readonly<Record<string, string>> = {}, cause?: unknown): Failure {
  return new Failure({ status: 502, key, parameters, cause });
}
