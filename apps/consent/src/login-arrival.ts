import { z } from 'zod';
import type { AppContext } from './app-context.js';
import { readLoginChallenge } from './challenge-flow/login-challenge.js';
import { readLoginOfJwtFlow } from './jwt-flow/login.js';
import type { BrowserState, LoginArrival, LoginPurpose } from './login-purpose.js';
import { parse } from './request-fields.js';

const querySchema = z.object({ challenge: z.string().default(''), login_challenge: z.string().default('') });

/** What the browser brings decides: a login challenge, a consent challenge of 0.9, or nothing. */
export async function readLoginArrival(
  context: AppContext,
  query: unknown,
  browser: BrowserState,
): Promise<LoginArrival> {
  const { challenge, login_challenge: loginChallenge } = parse(querySchema, query);
  if (loginChallenge !== '') return readLoginChallenge(context, loginChallenge, browser);
  if (challenge !== '') return { kind: 'ask', purpose: await readLoginOfJwtFlow(context, challenge) };
  return { kind: 'ask', purpose: loginForItself() };
}

/** Signing in to this app, for the account page. */
function loginForItself(): LoginPurpose {
  return {
    about: '',
    query: '',
    request: { prompts: [], acrValues: [], languages: [], claims: [] },
    mayRemember: false,
    complete: async () => '/account',
  };
}
