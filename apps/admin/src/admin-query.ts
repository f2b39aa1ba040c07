import type { ApiParameter, ApiParameters } from '@castellan/service';
import { z } from 'zod';

/** The largest count that the services can hold. */
export const MAX_COUNT = 2_147_483_647;
/** The largest page size that is read at all; how much comes at most, each route says. */
const LARGEST_PAGE_SIZE = 999_999_999;

function text(description: string): ApiParameter {
  return { description, schema: z.string() };
}

function neededText(description: string): ApiParameter {
  return { description, schema: z.string().min(1), required: true };
}

function count(description: string, from = 0, to = MAX_COUNT): ApiParameter {
  return { description, schema: z.int().min(from).max(to) };
}

const trueSchema = z.enum(['true', 'false']);

function challengeNamed(name: string): ApiParameters {
  return {
    [name]: neededText('The challenge that the browser brought.'),
    challenge: { description: `The name of ${name} in Hydra 1.0.`, schema: z.string(), deprecated: true },
  };
}

const pages: ApiParameters = {
  page_size: count('Most entries in the answer.', 1, LARGEST_PAGE_SIZE),
  page_token: text('Where the page begins, as the Link header of the page before says.'),
};

/** The parameters that the routes read from the query; a handler that reads another one fails. */
export const adminQueries = {
  grants: {
    client_id: text('The client whose grants end; with `subject` those of the subject at the client.'),
    subject: text('The subject whose grants end.'),
  },
  oneClient: { client_id: neededText('The client whose tokens end.') },
  logoutChallenge: { logout_challenge: neededText('The challenge that the browser brought.') },
  loginChallenge: challengeNamed('login_challenge'),
  consentChallenge: challengeNamed('consent_challenge'),
  consents: {
    subject: neededText('Whose consents.'),
    login_session_id: text('Only those of this login session.'),
    ...pages,
  },
  revokedConsents: {
    subject: text('Whose consents; with `client` or `all`.'),
    client: text('Only those for this client.'),
    consent_request_id: text('Only this one.'),
    all: { description: 'Those for all clients.', schema: trueSchema },
  },
  loginSessions: { subject: neededText('Whose login sessions.'), ...pages },
  revokedLoginSessions: {
    subject: text('Whose login sessions, or `sid`.'),
    sid: text('One login session.'),
    revoke_tokens: { description: 'Ends the tokens that came of them too.', schema: trueSchema },
  },
  deliveries: {
    after: text('The ID of the last delivery of the page before.'),
    limit: count('Most entries in the answer.', 1, 500),
    state: { description: 'Only those in this state.', schema: z.enum(['pending', 'dead']) },
  },
  policies: {
    limit: count('Most policies in the answer; more than 500 are not given.'),
    offset: count('How many policies to pass over.'),
  },
  policyVersions: {
    limit: count('Most versions in the answer; 0 for as many as there can be.'),
    before: count('Only versions before this one; 0 for all.'),
  },
  policyExport: {
    after: text('The ID of the last policy of the page before.'),
    limit: count('Most policies in the answer; 0 for as many as there can be.'),
  },
  decisions: {
    limit: count('Most decisions in the answer; 0 for as many as there can be.'),
    before: text('Where the page begins, as `next` of the page before says.'),
    subject: text('Only decisions about this subject.'),
    resource: text('Only decisions about this resource.'),
    action: text('Only decisions about this action.'),
    allowed: { description: 'Only what was allowed, or only what was denied.', schema: trueSchema },
    since: { description: 'Only decisions from this time on.', schema: z.iso.datetime({ offset: true }) },
  },
  groups: { member: neededText('The subject whose groups are wanted.') },
  clientPage: {
    ...pages,
    client_name: text('Only clients of this name.'),
    owner: text('Only clients of this owner.'),
  },
} as const satisfies Readonly<Record<string, ApiParameters>>;
