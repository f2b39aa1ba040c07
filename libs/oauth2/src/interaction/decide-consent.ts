import type { StoredClient } from '../client-store.js';
import { subjectProblem } from '../subject.js';
import {
  checkJson,
  checkSeconds,
  type DecisionOutcome,
  type DecisionTools,
  findNamed,
  invalid,
  type NamedRequest,
  readRejection,
  type RejectionInput,
  returnUrl,
} from './decide.js';
import type { AcceptedConsent, ConsentFacts, Rejection } from './interaction.js';
import { type PendingRequest, requestedAudience, requestedScopes, viewConsent } from './pending-request.js';

/** By which text a consent request is named: the challenge of today, or the id of level L2. */
export type ConsentName = 'consent_challenge' | 'consent_request';

/** A consent request, as far as there is one. */
export type FoundConsentRequest =
  | { readonly kind: 'unknown' }
  | { readonly kind: 'handled'; readonly redirectTo: string }
  | {
      readonly kind: 'waiting';
      readonly request: PendingRequest;
      readonly client: StoredClient;
      readonly facts: ConsentFacts;
      /** Empty at level L2. */
      readonly loginChallenge: string;
      /** Level L2 says where the browser goes before there is a decision; empty otherwise. */
      readonly redirectTo: string;
    };

type Waiting = Extract<NamedRequest, { readonly kind: 'waiting' }>;

/** The consent request of a challenge, or of an id of level L2. */
export async function findConsentRequest(
  challenge: string,
  name: ConsentName,
  tools: DecisionTools,
): Promise<FoundConsentRequest> {
  const named = await findNamed(challenge, { kind: name, stage: 'consent' }, tools);
  if (named.kind !== 'waiting') return named;
  const { row, client } = named;
  const facts = factsOf(named, name);
  if (facts === undefined) return { kind: 'unknown' };
  const level2 = name === 'consent_request';
  return {
    kind: 'waiting',
    request: viewConsent(row, facts, name, tools),
    client,
    facts,
    loginChallenge: level2 ? '' : tools.challenges.write('login_challenge', row.id),
    redirectTo: level2 ? returnOf(row.id, name, tools) : '',
  };
}

/**
 * Notes what was granted; the browser brings the verifier that is answered. The first decision counts.
 *
 * @throws OAuth2Error `invalid_request` for more than was asked for, and for what cannot be
 */
export function acceptConsent(
  challenge: string,
  { name, ...consent }: Omit<AcceptedConsent, 'kind'> & { readonly name: ConsentName },
  tools: DecisionTools,
): Promise<DecisionOutcome> {
  return decide(challenge, name, tools, async (waiting) => {
    await checkConsent(consent, waiting, name, tools);
    return {
      kind: 'accepted',
      ...consent,
      scopes: [...new Set(consent.scopes)],
      audience: [...new Set(consent.audience)],
    };
  });
}

/**
 * Notes that consent is refused.
 *
 * @throws OAuth2Error `invalid_request`
 */
export function rejectConsent(
  challenge: string,
  { name, ...rejection }: RejectionInput & { readonly name: ConsentName },
  tools: DecisionTools,
): Promise<DecisionOutcome> {
  return decide(challenge, name, tools, async () => readRejection(rejection));
}

async function decide(
  challenge: string,
  name: ConsentName,
  tools: DecisionTools,
  judge: (waiting: Waiting) => Promise<AcceptedConsent | Rejection>,
): Promise<DecisionOutcome> {
  const named = await findNamed(challenge, { kind: name, stage: 'consent' }, tools);
  if (named.kind === 'unknown') return named;
  if (named.kind === 'handled') return { kind: 'conflict' };
  if (factsOf(named, name) === undefined) return { kind: 'unknown' };
  const { row, state } = named;
  const consentDecision = await judge(named);
  const step = { from: 'consent', to: 'consent-decided', state: { ...state, consentDecision } } as const;
  if ((await tools.requests.advance(row.id, step)) === 'lost') return { kind: 'conflict' };
  return { kind: 'decided', redirectTo: returnOf(row.id, name, tools) };
}

/** A request of one flow is not decided by the words of the other. */
function factsOf({ state }: Waiting, name: ConsentName): ConsentFacts | undefined {
  return (name === 'consent_request') === (state.flow === 'consent-request') ? state.consent : undefined;
}

function returnOf(id: string, name: ConsentName, tools: DecisionTools): string {
  const { challenges } = tools;
  return name === 'consent_request'
    ? returnUrl(
        [
          ['consent', challenges.write('consent_request', id)],
          ['consent_csrf', challenges.write('consent_csrf', id)],
        ],
        tools,
      )
    : returnUrl([['consent_verifier', challenges.write('consent_verifier', id)]], tools);
}

async function checkConsent(
  consent: Omit<AcceptedConsent, 'kind'>,
  { row }: Waiting,
  name: ConsentName,
  { clients }: DecisionTools,
): Promise<void> {
  const scopes = requestedScopes(row);
  if (!consent.scopes.every((scope) => scopes.includes(scope))) {
    throw invalid('grant_scope holds a scope that was not requested');
  }
  const audience = requestedAudience(row);
  if (!consent.audience.every((resource) => audience.includes(resource))) {
    throw invalid('grant_access_token_audience holds a resource that was not requested');
  }
  checkSeconds('remember_for', consent.rememberFor);
  checkJson('session.access_token', consent.accessTokenExtra);
  checkJson('session.id_token', consent.idTokenExtra);
  checkJson('context', consent.context);
  if (name !== 'consent_request') return;
  const problem = subjectProblem(consent.subject ?? '');
  if (problem !== undefined) throw invalid(`subject ${problem}`);
  if ((await clients.find(consent.subject ?? '')) !== undefined) throw invalid('subject is the id of a client');
}
