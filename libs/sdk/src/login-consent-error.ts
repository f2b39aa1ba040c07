/** What went wrong: the challenge is unknown, was used or ran out, the call is refused or wrong, or nobody answered. */
export type LoginConsentFailure = 'not_found' | 'gone' | 'unauthorized' | 'refused' | 'invalid' | 'outage';

/**
 * A call that was not answered as it should be. `gone` has `redirectTo` where the server says how the browser goes on
 * (it starts the authorization again); `unauthorized` means the access token, `refused` a policy or scope that is missing.
 */
export class LoginConsentError extends Error {
  override readonly name = 'LoginConsentError';

  constructor(
    readonly kind: LoginConsentFailure,
    /** The HTTP status; 0 where there was no answer. */
    readonly status: number,
    message: string,
    readonly redirectTo?: string,
    cause?: unknown,
  ) {
    super(message, { cause });
  }
}

const kinds: ReadonlyMap<number, LoginConsentFailure> = new Map([
  [400, 'invalid'],
  [401, 'unauthorized'],
  [403, 'refused'],
  [404, 'not_found'],
  [409, 'invalid'],
  [410, 'gone'],
  [422, 'invalid'],
]);

/** The error that an answer stands for; what is neither of the request nor of the caller is an outage. */
export function errorOfAnswer(status: number, body: unknown): LoginConsentError {
  const kind = kinds.get(status) ?? 'outage';
  const redirectTo = kind === 'gone' ? textOf(body, 'redirect_to') : undefined;
  return new LoginConsentError(kind, status, `the admin API answered ${status}${reasonOf(body)}`, redirectTo);
}

function reasonOf(body: unknown): string {
  const inner = isObject(body) && isObject(body['error']) ? body['error'] : body;
  const reason = textOf(inner, 'error_description') ?? textOf(inner, 'message') ?? textOf(inner, 'error');
  return reason === undefined ? '' : `: ${reason.slice(0, 300)}`;
}

function textOf(value: unknown, member: string): string | undefined {
  const text = isObject(value) ? value[member] : undefined;
  return typeof text === 'string' && text !== '' ? text : undefined;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}
