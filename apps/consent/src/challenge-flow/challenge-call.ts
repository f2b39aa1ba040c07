import { LoginConsentError } from '@castellan/sdk/login-consent';
import type { AppContext } from '../app-context.js';
import { badGateway, Failure } from '../failure.js';

/** What is asked of the challenge API; it names the policy that a refusal misses. */
export type ChallengeCall = {
  readonly resource: `requests:${'login' | 'consent' | 'logout'}` | `sessions:${'login' | 'consent'}`;
  readonly action: 'get' | 'accept' | 'reject' | 'delete';
};

/** The request is over, and the authorization server says where the browser goes on. */
export class RequestIsOver extends Error {
  override readonly name = 'RequestIsOver';
  constructor(readonly redirectTo: string) {
    super('the request is over');
  }
}

/**
 * Does a call of the challenge API. Rejects with RequestIsOver where the challenge was used or ran out and the browser
 * can start again, else with a Failure that can be shown.
 */
export async function callChallengeApi<T>(
  context: AppContext,
  call: ChallengeCall,
  ask: (challenges: AppContext['challenges']) => Promise<T>,
): Promise<T> {
  try {
    return await ask(context.challenges);
  } catch (error) {
    if (!(error instanceof LoginConsentError)) throw error;
    if (error.kind === 'gone' && error.redirectTo !== undefined)
      throw new RequestIsOver(await context.redirectTargets.verify(error.redirectTo));
    throw failureOf(context, call, error);
  }
}

function failureOf(context: AppContext, { resource, action }: ChallengeCall, error: LoginConsentError): Failure {
  switch (error.kind) {
    case 'gone':
      return new Failure({ status: 410, key: 'challengeGone' });
    case 'not_found':
      return new Failure({ status: 404, key: 'challengeUnknown' });
    case 'invalid':
      return new Failure({ status: 400, key: 'answerRefused', cause: error });
    case 'refused':
      return new Failure({
        status: 403,
        key: 'missingPolicy',
        facts: [
          ['subject', context.clientId],
          ['action', action],
          ['resource', `rn:castellan:oauth2:auth:${resource}:<.*>`],
          ['scope', 'hydra.consent'],
        ],
        cause: error,
      });
    case 'unauthorized':
      return badGateway('unexpectedAnswer', {}, error);
    case 'outage':
      return badGateway(error.status === 0 ? 'unreachable' : 'unexpectedAnswer', {}, error);
  }
}
