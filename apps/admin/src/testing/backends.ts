import { keysV1, explanationV1, loginV1, logoutV1, RpcError, tokenV1, wardenV1 } from '@castellan/rpc';

export type AccessRequest = {
  readonly subject: string;
  readonly resource: string;
  readonly action: string;
  readonly context: Readonly<Record<string, unknown>>;
};

/** The services behind the admin API with what they hold; a test reads and changes it as it goes. */
export type Backends = {
  clients: Map<string, tokenV1.Client>;
  grants: readonly { readonly clientId: string; readonly subject: string }[];
  resourceServers: Map<string, tokenV1.ResourceServer>;
  deliveries: Map<string, logoutV1.Delivery>;
  /** Login and consent requests by challenge; a text is where a decided one can start anew. */
  authRequests: Map<string, loginV1.PendingRequest | string>;
  /** What was decided and revoked, as it was asked for. */
  decisions: object[];
  /** Logout requests by challenge; a text is where a decided one can start anew. */
  logoutRequests: Map<string, logoutV1.LogoutRequest | string>;
  groups: Map<string, wardenV1.Group>;
  policies: Map<string, wardenV1.Policy>;
  /** Versions of policies, the oldest first. */
  versions: Map<string, wardenV1.PolicyVersion[]>;
  /** Policies of open imports, with who opened each. */
  imports: Map<string, { readonly by: string; readonly policies: wardenV1.Policy[] }>;
  keys: Map<string, keysV1.Jwk[]>;
  /** Deadlines of the removals of keys, milliseconds since the epoch. */
  deadlines: number[];
  /** Access tokens with their subject and scopes. */
  tokens: Map<string, { readonly subject: string; readonly scopes: readonly string[]; readonly extraJson?: string }>;
  /** The policies' verdict; the anonymous subject is `''`. */
  decide: (access: AccessRequest) => boolean;
  warnings: string[];
  /** What the token service says of texts. */
  explanations: Map<string, explanationV1.ExplainTokenResponse>;
  /** Set to a refusal or an outage that every rpc of a service then answers. */
  fails: Partial<Record<'warden' | 'clients' | 'groups' | 'policies' | 'keys', RpcError>>;
};

export function createBackends(): Backends {
  return {
    clients: new Map([['stored', client({ id: 'stored', owner: 'alice' })]]),
    grants: [
      { clientId: 'stored', subject: 'alice' },
      { clientId: 'stored', subject: 'bob' },
      { clientId: 'other', subject: 'alice' },
    ],
    resourceServers: new Map([['rs1', tokenV1.ResourceServer.create({ id: 'rs1', uri: 'urn:rs1' })]]),
    deliveries: new Map([['1', delivery('1')]]),
    authRequests: new Map<string, loginV1.PendingRequest | string>([
      ['c1', pendingRequest('c1')],
      ['over', 'https://op.example/oauth2/auth?client_id=rp'],
    ]),
    decisions: [],
    deadlines: [],
    logoutRequests: new Map([['c1', logoutRequest('c1')]]),
    groups: new Map([['g1', { id: 'g1', members: ['peter', 'julia'] }]]),
    policies: new Map([['p1', policy({ id: 'p1' })]]),
    versions: new Map([['p1', [versionOf(1, policy({ id: 'p1' }))]]]),
    imports: new Map([['i1', { by: 'root', policies: [] }]]),
    keys: new Map([
      [
        's1',
        [
          { json: '{"kty":"EC","kid":"k9","d":"secret","x":"x","y":"y"}', resourceName: 'private' },
          { json: '{"kty":"EC","kid":"k9-public","x":"x","y":"y"}', resourceName: 'public' },
        ],
      ],
    ]),
    tokens: new Map([
      ['root-token', { subject: 'root', scopes: ['hydra'] }],
      ['no-scope-token', { subject: 'root', scopes: ['openid'] }],
      ['no-policy-token', { subject: 'nobody', scopes: ['hydra'] }],
    ]),
    decide: ({ subject }) => subject === 'root',
    warnings: [],
    explanations: new Map(),
    fails: {},
  };
}

export function client(changes: Partial<tokenV1.Client>): tokenV1.Client {
  return tokenV1.Client.fromPartial(changes);
}

export function delivery(id: string, changes: Partial<logoutV1.Delivery> = {}): logoutV1.Delivery {
  const state = logoutV1.DeliveryState.DELIVERY_STATE_PENDING;
  const times = { createdAtMs: 1_000, dueAtMs: 2_000, givesUpAtMs: 3_000 };
  return logoutV1.Delivery.fromPartial({ id, clientId: 'rp', subject: 'alice', state, ...times, ...changes });
}

export function pendingRequest(challenge: string): loginV1.PendingRequest {
  return loginV1.PendingRequest.fromPartial({
    challenge,
    requestedScope: ['openid'],
    skip: false,
    oidcContext: { acrValues: ['gold'], display: 'page', idTokenHintClaimsJson: '{"sub":"alice"}' },
    client: { id: 'rp', clientName: 'Relying Party' },
    requestUrl: 'https://op.example/oauth2/auth?client_id=rp',
    sessionId: 's1',
    expiresAtMs: 1_700_000_000_000,
    reason: 'no_session',
  });
}

export const consentPart = {
  loginChallenge: 'l1',
  acr: 'gold',
  amr: ['pwd'],
  contextJson: '{"from":"login"}',
  consentRequestId: 'k1',
  redirectTo: 'https://op.example/oauth2/auth?consent=c1&consent_csrf=x',
};
export const sampleConsent = {
  grantScope: ['openid'],
  accessTokenJson: '{}',
  idTokenJson: '{"name":"Alice"}',
  remember: true,
  rememberFor: 60,
  handledAtMs: 1_700_000_000_000,
  requestJson: '{"challenge":"c1","subject":"alice"}',
  client: { id: 'rp' },
};

export function logoutRequest(challenge: string): logoutV1.LogoutRequest {
  return logoutV1.LogoutRequest.fromPartial({
    challenge,
    subject: 'alice',
    sid: 's1',
    requestUrl: 'https://op.example/oauth2/sessions/logout',
    rpInitiated: true,
    client: client({ id: 'rp', clientName: 'Fotos' }),
    requestedAtMs: 1_000,
    expiresAtMs: 601_000,
  });
}

export function policy(changes: Partial<wardenV1.Policy>): wardenV1.Policy {
  return wardenV1.Policy.fromPartial({ subjects: ['peter'], effect: 'allow', ...changes });
}

export function versionOf(
  version: number,
  stored: wardenV1.Policy | undefined,
  note?: wardenV1.ChangeNote,
): wardenV1.PolicyVersion {
  const { by, reason } = note ?? { by: 'root', reason: '' };
  return { version, revision: version, changedAtMs: 1_750_000_000_000, changedBy: by, reason, policy: stored };
}

/** Everything that the services hold, to see that a refused request changed nothing. */
export function snapshot({ clients, groups, policies, keys }: Backends): string {
  return JSON.stringify([clients, groups, policies, keys].map((map) => [...map.entries()]));
}

export function found<T>(map: ReadonlyMap<string, T>, id: string): T {
  const value = map.get(id);
  if (value === undefined) {
    throw new RpcError('NOT_FOUND', 'no such row in the table');
  }
  return value;
}

export function fail(backends: Backends, service: keyof Backends['fails']): void {
  const error = backends.fails[service];
  if (error !== undefined) {
    throw error;
  }
}
