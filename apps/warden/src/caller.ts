import { type Decider, type DecisionDoor, decisionScope, type TimedDecider } from '@castellan/policy';
import { type CallContext, type RpcClient, RpcError, type tokenV1 } from '@castellan/rpc';
import type { Consistency } from './consistency.js';
import type { PolicyDecisionPoint } from './decision-point.js';
import { introspectToken } from './introspection.js';
import { isForIssuer } from './token-audience.js';

/** How callers of decisions are judged. */
export type CallerDependencies = {
  readonly decisionPoint: PolicyDecisionPoint;
  readonly tokens: Pick<RpcClient<typeof tokenV1.TokensService>, 'introspect'>;
  /** What the names of the doors begin with. */
  readonly resourceNamePrefix: string;
  /** `listed`: a listed certificate may ask unless a policy denies it; `policy`: only where a policy allows it. */
  readonly callersAccess: 'listed' | 'policy';
};

/** A caller that is no service of ours: the subject that policies know it by. */
type OutsideCaller = { readonly subject: string; readonly isListed: boolean };

/** What has to come of a question before it is answered. */
export type Admission = {
  /** Who asks. Rejects where the caller may not: RpcError UNAUTHENTICATED, PERMISSION_DENIED or UNAVAILABLE. */
  readonly admitted: Promise<string>;
  /** As new as the question wants; rejects as `PolicyDecisionPoint.at` does. */
  readonly decider: Promise<TimedDecider>;
};

/**
 * Lets a caller ask at a door. Our own services have asked on their own callers' behalf, or ask for themselves; whoever else
 * is asked about as any subject is: may it do the door's action on the door's resource? Nothing is kept of the answer. The
 * Decider comes meanwhile; what it decides is told only after `admitted`.
 */
export function admit(
  dependencies: CallerDependencies,
  call: CallContext,
  door: DecisionDoor,
  consistency: Consistency,
): Admission {
  const decider = dependencies.decisionPoint.at(consistency);
  const admitted = admitCaller(dependencies, call, door, judgedBy(dependencies, consistency, decider));
  // Whoever awaits the one may never come to the other.
  decider.catch(() => undefined);
  admitted.catch(() => undefined);
  return { admitted, decider };
}

/** The Decider for a question that the Warden asks itself. */
export function ownQuestion({ decisionPoint }: CallerDependencies, consistency: Consistency): Admission {
  const decider = decisionPoint.at(consistency);
  decider.catch(() => undefined);
  return { admitted: Promise.resolve('warden'), decider };
}

async function admitCaller(
  dependencies: CallerDependencies,
  call: CallContext,
  door: DecisionDoor,
  judge: () => Promise<Decider>,
): Promise<string> {
  const caller = await identify(dependencies, call);
  if (caller === undefined) return call.peer;
  const { action } = door;
  const resource = door.resource(dependencies.resourceNamePrefix);
  const request = { subject: caller.subject, resource, action, context: {}, anonymous: false };
  const { decision } = await (await judge()).decide(request);
  if (decision.allowed) return caller.subject;
  const isListed = caller.isListed && dependencies.callersAccess === 'listed';
  if (isListed && decision.reason === 'default') return caller.subject;
  throw new RpcError('PERMISSION_DENIED', `no policy lets the caller do ${action} on ${resource}`);
}

/**
 * A caller is judged by the policies that its question is decided by. One that needs no new policies does not choose how
 * old those about itself may be: they are of the bounded age.
 */
function judgedBy(
  { decisionPoint }: CallerDependencies,
  { kind }: Consistency,
  decider: Promise<Decider>,
): () => Promise<Decider> {
  return () => (kind === 'at_least' ? decisionPoint.at({ kind: 'minimize_latency' }) : decider);
}

/** Undefined for our own services. */
async function identify(dependencies: CallerDependencies, call: CallContext): Promise<OutsideCaller | undefined> {
  const { peer, credential } = call;
  if (peer === 'bearer') {
    const token = bearerTokenOf(call);
    return { subject: await subjectOf(dependencies, token, call), isListed: false };
  }
  if (peer !== 'client') return undefined;
  // In one process nobody but a test is a `client`, and has no certificate.
  return { subject: credential?.kind === 'certificate' ? credential.name : 'client', isListed: true };
}

/** The access token that a caller of the peer `bearer` showed. Throws RpcError UNAUTHENTICATED without one. */
export function bearerTokenOf({ credential }: CallContext): string {
  if (credential?.kind !== 'bearer') throw new RpcError('UNAUTHENTICATED', 'the caller shows no access token');
  return credential.token;
}

async function subjectOf({ tokens }: CallerDependencies, token: string, call: CallContext): Promise<string> {
  const { introspection, scopeMissing } = await introspectToken(tokens, { token, scopes: [decisionScope] }, call);
  if (scopeMissing) throw new RpcError('PERMISSION_DENIED', `the access token lacks the scope ${decisionScope}`);
  if (introspection === undefined) throw new RpcError('UNAVAILABLE', 'the token service gave no answer');
  if (!introspection.active) throw new RpcError('UNAUTHENTICATED', 'the access token is not active');
  if (!isForIssuer(introspection)) throw new RpcError('UNAUTHENTICATED', 'the access token is for another resource');
  return introspection.subject;
}
