import type {
  AuthorizationOutcome,
  AuthorizationRequestStore,
  BurnOutcome,
  Interaction,
  InteractionRequest,
  InteractionStage,
  JsonSeal,
  NewAuthorizationRequest,
  NewConsent,
  SessionSeal,
  SessionStep,
  StagedInteraction,
  StoredParameters,
} from '@castellan/oauth2';
import { createBatcher } from '../batch.js';
import type { Database } from '../database.js';
import type { PartitionKeeper } from '../partitions.js';
import * as statements from './authorization-request-statements.js';
import { defaultGiveUpAfterMs } from './outbox-store.js';
import { insertIntoPartitions, type PartitionName } from './token-partitions.js';

type PendingRow = {
  n: number;
  id: string;
  client_uid: string;
  client_id: string;
  parameters: StoredParameters;
  parameters_hash: string;
  browser_hash: string;
  stage: InteractionStage | null;
  stage_at: number | null;
  interaction: string | null;
  decided: boolean;
  created_at: number;
  now: number;
};

const noLimit = 2_147_483_647;

/**
 * Authorization requests in PostgreSQL. Concurrent calls of one kind share one statement. `keeper` makes partitions that are missing for what a decision buys, and what it
 * says about people is sealed: grants by `sessions`, interactions and consents by `seal`, which only the flow of Hydra 0.9
 * can do without. Clients of a session that a login ends are told through the outbox, for `giveUpAfterMs`.
 */
export function createAuthorizationRequestStore(
  database: Database,
  keeper: PartitionKeeper,
  sessions: SessionSeal,
  seal: JsonSeal = noSeal,
  giveUpAfterMs = defaultGiveUpAfterMs,
): AuthorizationRequestStore {
  function finder(name: string, text: string) {
    return createBatcher<string, PendingRow | undefined>({
      async run(ids) {
        const rows = await database.query<PendingRow>(name, text, [ids]);
        if (rows[0] !== undefined) database.observeClock(new Date(rows[0].now));
        const found = new Map(rows.map((row) => [row.n, row]));
        return ids.map((_, index) => found.get(index + 1));
      },
    });
  }

  const findPending = finder('token.authorization_request.find', statements.findPendingRequests);
  const findInteraction = finder('token.authorization_request.find_interaction', statements.findInteractions);

  const insert = createBatcher<ReturnType<typeof toRequestInput>, boolean>({
    async run(items) {
      const input = JSON.stringify(items.map((item, n) => ({ n, ...item })));
      const name = 'token.authorization_request.insert';
      const rows = await database.query<{ id: string }>(name, statements.insertRequests, [input]);
      const stored = new Set(rows.map(({ id }) => id));
      return items.map(({ id }) => stored.has(id));
    },
  });

  const complete = createBatcher<{ id: string; outcome: AuthorizationOutcome }, BurnOutcome>({
    async run(items) {
      const input = JSON.stringify(
        items.map(({ id, outcome }, n) => ({ n, id, ...toOutcomeInput(outcome, sessions, seal) })),
      );
      const name = 'token.authorization_request.complete';
      const [row] = await insertIntoPartitions(
        keeper,
        () => items.flatMap(({ outcome }) => partitionsOf(outcome)),
        () => database.query<{ now: number; won: number[] }>(name, statements.completeRequests, [input]),
      );
      if (row !== undefined) database.observeClock(new Date(row.now));
      const won = new Set(row?.won);
      return items.map((_, n) => (won.has(n) ? 'won' : 'lost'));
    },
  });

  /** Throws for a row that does not open: it was tampered with, or its secret is gone. A fault, never an empty state. */
  function openInteraction({ id, stage, stage_at: stageAt, interaction }: PendingRow): StagedInteraction | undefined {
    if (stage === null || stageAt === null || interaction === null) return undefined;
    const state = seal.open(interaction, interactionRow(id));
    if (state === undefined) throw new Error('the interaction of an authorization request does not open');
    return { stage, stageAt, state: state as Interaction };
  }

  return {
    async insert(request, pendingLimit, addressLimit = noLimit) {
      return insert(toRequestInput(request, seal, pendingLimit, addressLimit));
    },

    async findPending(id) {
      const row = await findPending(id);
      if (row === undefined) return undefined;
      const interaction = openInteraction(row);
      return { ...toRequest(row), ...(interaction !== undefined ? { interaction } : {}) };
    },

    async findInteraction(id) {
      const row = await findInteraction(id);
      if (row === undefined) return undefined;
      const interaction = row.decided ? undefined : openInteraction(row);
      return { ...toRequest(row), interaction: interaction ?? 'over' };
    },

    async advance(id, { from, to, state }) {
      const sealed = seal.seal(state, interactionRow(id));
      const values = [id, from, to, sealed];
      const rows = await database.query('token.authorization_request.advance', statements.advanceInteraction, values);
      return rows.length === 1 ? 'won' : 'lost';
    },

    async finishLogin(id, { state, session }) {
      const [row] = await database.query<{ now: number; won: boolean }>(
        'token.authorization_request.finish_login',
        statements.finishLogin,
        [id, seal.seal(state, interactionRow(id)), JSON.stringify(toSessionInput(session)), giveUpAfterMs],
      );
      if (row !== undefined) database.observeClock(new Date(row.now));
      return row?.won === true ? 'won' : 'lost';
    },

    complete: (id, outcome) => complete({ id, outcome }),

    async discard(id) {
      const rows = await database.query('token.authorization_request.discard', statements.discardRequest, [id]);
      return rows.length === 1 ? 'won' : 'lost';
    },

    async sweep(limit) {
      const rows = await database.query('token.authorization_request.sweep', statements.sweepRequests, [limit]);
      return rows.length;
    },
  };
}

const noSeal: JsonSeal = {
  seal: () => {
    throw new Error('interactions and consents are kept by a store that seals them');
  },
  open: () => undefined,
};

function interactionRow(id: string): string {
  return `token.authorization_request/${id}`;
}

/** The name under which the details of a consent are sealed. */
export function consentRow(id: string): string {
  return `token.consent/${id}`;
}

function toRequestInput(request: NewAuthorizationRequest, seal: JsonSeal, pendingLimit: number, addressLimit: number) {
  const { interaction } = request;
  return {
    id: request.id,
    client_uid: request.clientUid,
    client_id: request.clientId,
    parameters: request.parameters,
    parameters_hash: request.parametersHash,
    browser_hash: request.browserHash,
    lifetime_ms: request.lifetimeMs,
    pending_limit: pendingLimit,
    address_hash: request.addressHash,
    address_limit: Math.min(addressLimit, noLimit),
    stage: interaction?.stage,
    interaction: interaction === undefined ? undefined : seal.seal(interaction.state, interactionRow(request.id)),
  };
}

function toRequest(row: PendingRow): Omit<InteractionRequest, 'interaction'> {
  return {
    id: row.id,
    clientUid: row.client_uid,
    clientId: row.client_id,
    parameters: row.parameters,
    parametersHash: row.parameters_hash,
    browserHash: row.browser_hash,
    createdAt: row.created_at,
  };
}

function toSessionInput(step: SessionStep) {
  if (step.kind === 'use') return { kind: step.kind, sid: step.sid, extend_to_ms: step.extendToMs };
  const { session } = step;
  return {
    kind: step.kind,
    sid: session.sid,
    cookie_hash: session.cookieHash,
    subject: session.subject,
    auth_time: session.authTime,
    acr: session.acr,
    amr: session.amr,
    identity_provider_session_id: session.identityProviderSessionId,
    lifetime_ms: session.lifetimeMs,
    ends_sid: step.endsSid,
  };
}

function toConsentInput(consent: NewConsent, seal: JsonSeal) {
  return {
    id: consent.id,
    subject: consent.subject,
    sid: consent.sid,
    scopes: consent.scopes,
    audience: consent.audience,
    remembered: consent.remembered,
    remember_for: consent.rememberFor,
    details: seal.seal(consent.details, consentRow(consent.id)),
    lifetime_ms: consent.lifetimeMs,
  };
}

function toOutcomeInput(
  { family, code, accessToken, consent }: AuthorizationOutcome,
  sessions: SessionSeal,
  seal: JsonSeal,
) {
  const { grant } = family;
  return {
    family_bucket: family.key.bucket,
    family_id: family.key.id,
    client_uid: grant.clientUid,
    client_id: grant.clientId,
    subject: grant.subject,
    scopes: grant.scopes,
    audience: grant.audience,
    session: sessions.seal(grant, family.key),
    auth_time: grant.authTime,
    family_expires_at: family.expiresAt,
    sid: grant.sid,
    consent_id: grant.consentId,
    subject_identifier: grant.subjectIdentifier,
    consent: consent === undefined ? undefined : toConsentInput(consent, seal),
    code_bucket: code?.key.bucket,
    code_id: code?.key.id,
    redirect_uri: code?.redirectUri,
    redirect_uri_given: code?.redirectUriGiven,
    code_challenge: code?.codeChallenge,
    code_lifetime_ms: code?.lifetimeMs,
    access_bucket: accessToken?.key.bucket,
    access_id: accessToken?.key.id,
    access_lifetime_ms: accessToken?.lifetimeMs,
    access_scopes: accessToken?.grant.scopes,
    decision_id: accessToken?.decision?.id,
    policy_revision: accessToken?.decision?.revision,
  };
}

function partitionsOf({ family, code, accessToken }: AuthorizationOutcome): readonly PartitionName[] {
  return [
    { table: 'family', bucket: family.key.bucket },
    ...(code !== undefined ? [{ table: 'authorization_code', bucket: code.key.bucket }] : []),
    ...(accessToken !== undefined ? [{ table: 'access_token', bucket: accessToken.key.bucket }] : []),
  ];
}
