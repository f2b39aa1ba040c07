/** A difference that is meant: `ours` and `theirs` are outcome classes. */
export type Difference = { readonly ours: string; readonly theirs: string; readonly because: string };

type Row = Difference & { readonly requests: readonly string[] };

const byBothMethods = (...names: string[]) => names.flatMap((name) => [`GET ${name}`, `POST ${name}`]);

const rows: readonly Row[] = [
  {
    requests: byBothMethods('no redirect URI'),
    ...{ ours: 'page 4xx', theirs: 'login' },
    because: 'OpenID Connect Core 3.1.2.1 requires redirect_uri, also of a client that registered a single one',
  },
  {
    requests: byBothMethods('an unknown parameter twice'),
    ...{ ours: 'page 4xx', theirs: 'login' },
    because: 'RFC 6749 3.1: no parameter more than once; it does not except those that are not understood',
  },
  {
    requests: byBothMethods('a state twice', 'a redirect URI twice', 'a response type twice'),
    ...{ ours: 'page 4xx', theirs: 'client: invalid_request' },
    because: 'a request that can be read in two ways is told to no client: each reading may name another',
  },
  {
    requests: byBothMethods('a response type of another client'),
    ...{ ours: 'client: unauthorized_client', theirs: 'client: invalid_request' },
    because: 'RFC 6749 4.1.2.1 has this code for a client that may not use a response type',
  },
  {
    requests: byBothMethods('response type token'),
    ...{ ours: 'client: unauthorized_client', theirs: 'client: unsupported_response_type' },
    because: 'this server knows the type, and the client is not registered for it; there it is off for all',
  },
  {
    requests: byBothMethods('response mode fragment'),
    ...{ ours: 'client: invalid_request', theirs: 'login' },
    because: 'a code in a fragment is read by scripts of the page; no client of the code flow needs that',
  },
  {
    requests: byBothMethods('scope without openid', 'an empty scope', 'no scope'),
    ...{ ours: 'login', theirs: 'client: invalid_request' },
    because: 'the requests are plain OAuth 2.0 here; the peer reads the nonce as a sign of OpenID Connect',
  },
  {
    requests: byBothMethods('an unknown scope'),
    ...{ ours: 'client: invalid_scope', theirs: 'login' },
    because: 'a client may ask for what it is registered for (SC-01); the peer drops what it does not know',
  },
  {
    requests: ['token: client credentials with an unknown scope'],
    ...{ ours: '400 invalid_scope', theirs: '200' },
    because: 'RFC 6749 5.2: the scope exceeds what the client is registered for; the peer drops it',
  },
  {
    requests: [
      'token: client credentials of a client without the grant',
      'token: client credentials of a public client',
      'token: a code for a client without the grant',
      'token: a refresh token of a client without the grant',
    ],
    ...{ ours: '400 unauthorized_client', theirs: '400 invalid_request' },
    because: 'RFC 6749 5.2 has this code for a client that may not use a grant type',
  },
  {
    requests: [
      'token: an empty secret',
      'token: no client',
      'token: an assertion that is no JWT',
      'revocation: no client',
    ],
    ...{ ours: '401 invalid_client', theirs: '400 invalid_request' },
    because: 'RFC 6749 5.2: no client authentication, or a failed one, is invalid_client',
  },
  {
    requests: ['token: a secret in the body of a client for Basic', 'token: Basic of a client for the body'],
    ...{ ours: '401 invalid_client', theirs: '200' },
    because: 'a client that registered a method uses that one (CA-02, rulings 29)',
  },
  {
    requests: ['token: GET', 'introspection: GET', 'revocation: GET'],
    ...{ ours: '405 invalid_request', theirs: '404' },
    because: 'RFC 9110 15.5.6: the resource is there, the method is not allowed',
  },
  {
    requests: ['introspection: no token'],
    ...{ ours: '200', theirs: '400 invalid_request' },
    because: 'inactive, as the original answered; hydra-js reads nothing else',
  },
  {
    requests: ['introspection: a wrong secret'],
    ...{ ours: '401 request_unauthorized', theirs: '401 invalid_client' },
    because: "the original's word for a caller that it does not know at this endpoint",
  },
  {
    requests: ['introspection: no client'],
    ...{ ours: '401 request_unauthorized', theirs: '400 invalid_request' },
    because: 'RFC 7662 2.3: a caller without credentials is answered 401',
  },
  {
    requests: ['introspection: a public client'],
    ...{ ours: '401 request_unauthorized', theirs: '200' },
    because: 'a public client proves nothing, and anybody could scan for tokens in its name (IN-03)',
  },
  {
    requests: ['userinfo: garbage in a query'],
    ...{ ours: '401 invalid_token', theirs: '400 invalid_request' },
    because: 'RFC 6750 2.3 is not implemented: a token in a query is no token at all',
  },
];

/** By request. What is not listed must be alike. */
export const differences: ReadonlyMap<string, Difference> = new Map(
  rows.flatMap(({ requests, ...difference }) => requests.map((name) => [name, difference] as const)),
);
