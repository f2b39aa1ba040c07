import type { AppContext } from '../app-context.js';
import type { LoginPurpose } from '../login-purpose.js';
import { answerUrl, readChallenge } from './challenge.js';
import { describeClient } from './client-name.js';

/** The login for a consent challenge of 0.9: this app's own session carries it to the consent page. */
export async function readLoginOfJwtFlow(context: AppContext, jwt: string): Promise<LoginPurpose> {
  const challenge = await readChallenge(context, jwt);
  const query = `?challenge=${encodeURIComponent(jwt)}`;
  return {
    about: jwt,
    query,
    challengeId: challenge.id,
    client: await describeClient(context, challenge.clientId),
    request: challenge.request,
    mayRemember: false,
    cancelUrl: answerUrl(challenge, 'denied'),
    complete: async () => `/consent${query}`,
  };
}
