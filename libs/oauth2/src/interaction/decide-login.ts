import type { StoredClient } from '../client-store.js';
import { isStorable, subjectProblem } from '../subject.js';
import {
  checkJson,
  checkSeconds,
  type DecisionOutcome,
  type DecisionTools,
  findNamed,
  invalid,
  readRejection,
  type RejectionInput,
  returnUrl,
} from './decide.js';
import type { AcceptedLogin, LoginFacts, Rejection } from './interaction.js';
import { type PendingRequest, viewLogin } from './pending-request.js';

/** A login request, as far as there is one. */
export type FoundLoginRequest =
  | { readonly kind: 'unknown' }
  | { readonly kind: 'handled'; readonly redirectTo: string }
  | { readonly kind: 'waiting'; readonly request: PendingRequest; readonly client: StoredClient };

const where = { kind: 'login_challenge', stage: 'login' } as const;
const maxText = 255;
const maxAmr = 20;

/** The login request of a challenge. */
export async function findLoginRequest(challenge: string, tools: DecisionTools): Promise<FoundLoginRequest> {
  const named = await findNamed(challenge, where, tools);
  if (named.kind !== 'waiting') return named;
  const { login } = named.state;
  if (login === undefined) throw new Error('a login request without facts');
  return { kind: 'waiting', request: viewLogin(named.row, login, tools), client: named.client };
}

/**
 * Notes who logged in; the browser brings the verifier that is answered. The first decision counts.
 *
 * @throws OAuth2Error `invalid_request` for what cannot be, `access_denied` when the subject is the id of a client
 */
export function acceptLogin(
  challenge: string,
  login: Omit<AcceptedLogin, 'kind'>,
  tools: DecisionTools,
): Promise<DecisionOutcome> {
  return decide(challenge, tools, async (facts) => {
    await checkLogin(login, facts, tools);
    return { kind: 'accepted', ...login };
  });
}

/**
 * Notes that the login is refused.
 *
 * @throws OAuth2Error `invalid_request`
 */
export function rejectLogin(
  challenge: string,
  rejection: RejectionInput,
  tools: DecisionTools,
): Promise<DecisionOutcome> {
  return decide(challenge, tools, async () => readRejection(rejection));
}

async function decide(
  challenge: string,
  tools: DecisionTools,
  judge: (facts: LoginFacts) => Promise<AcceptedLogin | Rejection>,
): Promise<DecisionOutcome> {
  const named = await findNamed(challenge, where, tools);
  if (named.kind === 'unknown') return named;
  if (named.kind === 'handled' || named.state.login === undefined) return { kind: 'conflict' };
  const { row, state } = named;
  const loginDecision = await judge(named.state.login);
  const step = { from: 'login', to: 'login-decided', state: { ...state, loginDecision } } as const;
  if ((await tools.requests.advance(row.id, step)) === 'lost') return { kind: 'conflict' };
  const verifier = tools.challenges.write('login_verifier', row.id);
  return { kind: 'decided', redirectTo: returnUrl([['login_verifier', verifier]], tools) };
}

async function checkLogin(
  login: Omit<AcceptedLogin, 'kind'>,
  facts: LoginFacts,
  { clients }: DecisionTools,
): Promise<void> {
  const problem = subjectProblem(login.subject);
  if (problem !== undefined) throw invalid(`subject ${problem}`);
  if (facts.skip && login.subject !== facts.subject) {
    throw invalid('subject must be that of the login session, because the request says skip');
  }
  // Policies name subjects by raw strings: a user must not pass for a client (rulings 38).
  if ((await clients.find(login.subject)) !== undefined) throw invalid('subject is the id of a client');
  checkSeconds('remember_for', login.rememberFor);
  const { acr = '', amr = [], forceSubjectIdentifier = '', identityProviderSessionId = '' } = login;
  const texts = [acr, ...amr, forceSubjectIdentifier, identityProviderSessionId];
  if (amr.length > maxAmr || texts.some((text) => text.length > maxText || !isStorable(text))) {
    throw invalid(`acr, amr and the other texts have at most ${maxText} characters, amr at most ${maxAmr} entries`);
  }
  checkJson('context', login.context);
}
