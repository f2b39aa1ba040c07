/** Where both servers send the browser back to. */
export const callback = 'https://rp.example/cb';

/** A client as both servers know it. */
export type DifferentialClient = {
  readonly id: string;
  readonly secret?: string;
  readonly method: 'client_secret_basic' | 'client_secret_post' | 'none';
  readonly grantTypes: readonly string[];
  readonly responseTypes: readonly string[];
};

const secret = (id: string) => `${id}-secret-of-more-than-thirty-two-characters`;

/** The clients of the comparison. */
export const clients: readonly DifferentialClient[] = [
  {
    ...{ id: 'web', secret: secret('web'), method: 'client_secret_basic' },
    ...{ grantTypes: ['authorization_code', 'refresh_token'], responseTypes: ['code'] },
  },
  {
    ...{ id: 'post', secret: secret('post'), method: 'client_secret_post' },
    ...{ grantTypes: ['authorization_code', 'client_credentials'], responseTypes: ['code'] },
  },
  {
    ...{ id: 'machine', secret: secret('machine'), method: 'client_secret_basic' },
    ...{ grantTypes: ['client_credentials'], responseTypes: [] },
  },
  {
    ...{ id: 'public', method: 'none' },
    ...{ grantTypes: ['authorization_code', 'refresh_token'], responseTypes: ['code'] },
  },
  {
    ...{ id: 'hybrid', secret: secret('hybrid'), method: 'client_secret_basic' },
    ...{ grantTypes: ['authorization_code', 'implicit'], responseTypes: ['code id_token', 'id_token'] },
  },
];

type Pairs = readonly (readonly [string, string])[];

/** One request to both servers. `path` names an endpoint; `basic` is a client id and a secret. */
export type DifferentialRequest = {
  readonly name: string;
  readonly endpoint: 'authorization' | 'token' | 'introspection' | 'revocation' | 'userinfo';
  readonly method?: 'GET' | 'POST';
  readonly pairs: Pairs;
  readonly basic?: readonly [string, string];
  readonly bearer?: string;
};

const challenge = 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM';
const good: Readonly<Record<string, string>> = {
  client_id: 'web',
  response_type: 'code',
  redirect_uri: callback,
  scope: 'openid',
  state: 'a-state-of-some-length',
  nonce: 'a-nonce-of-some-length',
};

function authorization(name: string, changes: Readonly<Record<string, string | undefined>>, more: Pairs = []) {
  const pairs = Object.entries({ ...good, ...changes }).filter(
    (pair): pair is [string, string] => pair[1] !== undefined,
  );
  const both = ['GET', 'POST'] as const;
  return both.map((method): DifferentialRequest => ({
    name: `${method} ${name}`,
    endpoint: 'authorization',
    method,
    pairs: [...pairs, ...more],
  }));
}

const authorizationRequests: readonly DifferentialRequest[] = [
  authorization('a good request', {}),
  authorization('without state', { state: undefined }),
  authorization('without nonce', { nonce: undefined }),
  authorization('PKCE S256', { code_challenge: challenge, code_challenge_method: 'S256' }),
  authorization('PKCE plain', { code_challenge: challenge, code_challenge_method: 'plain' }),
  authorization('PKCE of no method', { code_challenge: challenge }),
  authorization('PKCE of an unknown method', { code_challenge: challenge, code_challenge_method: 'S512' }),
  authorization('a method without a challenge', { code_challenge_method: 'S256' }),
  authorization('a challenge that is too short', { code_challenge: 'abc', code_challenge_method: 'S256' }),
  authorization('an unknown parameter', { foo: 'bar' }),
  authorization('an unknown client', { client_id: 'nobody' }),
  authorization('no client', { client_id: undefined }),
  authorization('an empty client', { client_id: '' }),
  authorization('an unregistered redirect URI', { redirect_uri: 'https://evil.example/cb' }),
  authorization('a redirect URI with a query', { redirect_uri: `${callback}?a=b` }),
  authorization('a redirect URI with a fragment', { redirect_uri: `${callback}#a` }),
  authorization('a redirect URI with a suffix', { redirect_uri: `${callback}/x` }),
  authorization('no redirect URI', { redirect_uri: undefined }),
  authorization('no response type', { response_type: undefined }),
  authorization('an unknown response type', { response_type: 'foo' }),
  authorization('a response type of another client', { response_type: 'id_token' }),
  authorization('a response type with a word too many', { response_type: 'code foo' }),
  authorization('an unknown response mode', { response_mode: 'foo' }),
  authorization('response mode query', { response_mode: 'query' }),
  authorization('response mode fragment', { response_mode: 'fragment' }),
  authorization('response mode form_post', { response_mode: 'form_post' }),
  authorization('scope without openid', { scope: 'photos' }),
  authorization('an unknown scope', { scope: 'openid foo' }),
  authorization('prompt none', { prompt: 'none' }),
  authorization('prompt none and login', { prompt: 'none login' }),
  authorization('an unknown prompt', { prompt: 'foo' }),
  authorization('prompt login', { prompt: 'login' }),
  authorization('prompt consent', { prompt: 'consent' }),
  authorization('max_age 10', { max_age: '10' }),
  authorization('max_age that is no number', { max_age: 'ten' }),
  authorization('a negative max_age', { max_age: '-1' }),
  authorization('max_age with a fraction', { max_age: '1.5' }),
  authorization('display popup', { display: 'popup' }),
  authorization('ui_locales', { ui_locales: 'de en' }),
  authorization('acr_values', { acr_values: '1 2' }),
  authorization('login_hint', { login_hint: 'alice' }),
  authorization('an id_token_hint that is none', { id_token_hint: 'foo' }),
  authorization('claims', { claims: '{"userinfo":{"name":null}}' }),
  authorization('claims that are no JSON', { claims: '{' }),
  authorization('claims that are a list', { claims: '[]' }),
  authorization('claims of a member that is no object', { claims: '{"userinfo":1}' }),
  authorization('claims that insist on another subject', { claims: '{"id_token":{"sub":{"value":"x"}}}' }),
  authorization('scope offline_access', { scope: 'openid offline_access', prompt: 'consent' }),
  authorization('an empty scope', { scope: '' }),
  authorization('no scope', { scope: undefined }),
  authorization('an empty response type', { response_type: '' }),
  authorization('response type token', { response_type: 'token' }),
  authorization('response type none', { response_type: 'none' }),
  authorization('a redirect URI of http', { redirect_uri: 'http://rp.example/cb' }),
  authorization('registration by value', { registration: '{}' }),
  authorization('a request object', { request: 'e30.e30.' }),
  authorization('a request_uri', { request_uri: 'https://rp.example/request' }),
  authorization('a state twice', {}, [['state', 'another']]),
  authorization('a client twice', {}, [['client_id', 'web']]),
  authorization('a redirect URI twice', {}, [['redirect_uri', callback]]),
  authorization('a response type twice', {}, [['response_type', 'code']]),
  authorization('an unknown parameter twice', { foo: '1' }, [['foo', '2']]),
  authorization('public without PKCE', { client_id: 'public' }),
  authorization('public with PKCE', { client_id: 'public', code_challenge: challenge, code_challenge_method: 'S256' }),
  authorization('id_token', { client_id: 'hybrid', response_type: 'id_token' }),
  authorization('id_token without nonce', { client_id: 'hybrid', response_type: 'id_token', nonce: undefined }),
  authorization('hybrid', { client_id: 'hybrid', response_type: 'code id_token' }),
  authorization('hybrid in another order', { client_id: 'hybrid', response_type: 'id_token code' }),
  authorization('hybrid in a query', { client_id: 'hybrid', response_type: 'code id_token', response_mode: 'query' }),
  authorization('id_token in a query', { client_id: 'hybrid', response_type: 'id_token', response_mode: 'query' }),
].flat();

const web: readonly [string, string] = ['web', secret('web')];
const machine: readonly [string, string] = ['machine', secret('machine')];

function form(
  endpoint: DifferentialRequest['endpoint'],
  name: string,
  pairs: Readonly<Record<string, string>>,
  basic?: readonly [string, string],
  more: Pairs = [],
): DifferentialRequest {
  return {
    ...{ name: `${endpoint}: ${name}`, endpoint, method: 'POST', pairs: [...Object.entries(pairs), ...more] },
    ...(basic !== undefined ? { basic } : {}),
  };
}

const cc = { grant_type: 'client_credentials' };
const code = { grant_type: 'authorization_code', code: 'no-such-code', redirect_uri: callback };
const refresh = { grant_type: 'refresh_token', refresh_token: 'no-such-token' };
const posted = { client_id: 'post', client_secret: secret('post') };

const tokenRequests: readonly DifferentialRequest[] = [
  form('token', 'client credentials', cc, machine),
  form('token', 'client credentials with a scope', { ...cc, scope: 'photos' }, machine),
  form('token', 'client credentials with an unknown scope', { ...cc, scope: 'foo' }, machine),
  form('token', 'client credentials in the body', { ...cc, ...posted }),
  form('token', 'client credentials of a client without the grant', cc, web),
  form('token', 'client credentials of a public client', { ...cc, client_id: 'public' }),
  form('token', 'a wrong secret', cc, ['machine', 'wrong']),
  form('token', 'an empty secret', cc, ['machine', '']),
  form('token', 'an unknown client', cc, ['nobody', 'secret']),
  form('token', 'no client', cc),
  form('token', 'a confidential client without a secret', { ...cc, client_id: 'machine' }),
  form('token', 'a secret in the body of a client for Basic', {
    ...cc,
    client_id: 'machine',
    client_secret: machine[1],
  }),
  form('token', 'Basic of a client for the body', cc, ['post', secret('post')]),
  form('token', 'a wrong secret in the body', { ...cc, client_id: 'post', client_secret: 'wrong' }),
  form('token', 'Basic and body of different clients', { ...cc, ...posted }, machine),
  form('token', 'no grant type', {}, machine),
  form('token', 'an unknown grant type', { grant_type: 'foo' }, machine),
  form('token', 'the password grant', { grant_type: 'password', username: 'a', password: 'b' }, machine),
  form('token', 'grant type __proto__', { grant_type: '__proto__' }, machine),
  form('token', 'grant type constructor', { grant_type: 'constructor' }, machine),
  form('token', 'a grant type twice', cc, machine, [['grant_type', 'client_credentials']]),
  form('token', 'a scope twice', { ...cc, scope: 'photos' }, machine, [['scope', 'photos']]),
  form('token', 'an unknown code', code, web),
  form('token', 'no code', { grant_type: 'authorization_code', redirect_uri: callback }, web),
  form('token', 'an empty code', { ...code, code: '' }, web),
  form('token', 'a code of a public client', { ...code, client_id: 'public', code_verifier: 'v'.repeat(43) }),
  form('token', 'a code twice', code, web, [['code', 'another']]),
  form('token', 'a code with a wrong secret', code, ['web', 'wrong']),
  form('token', 'a code for a client without the grant', code, machine),
  form('token', 'a code with an unknown parameter', { ...code, foo: 'bar' }, web),
  form('token', 'an unknown refresh token', refresh, web),
  form('token', 'no refresh token', { grant_type: 'refresh_token' }, web),
  form('token', 'a refresh token of a client without the grant', refresh, machine),
  form('token', 'a refresh token of a public client', { ...refresh, client_id: 'public' }),
  form('token', 'a refresh token twice', refresh, web, [['refresh_token', 'another']]),
  form('token', 'an assertion of an unknown type', { ...cc, client_assertion: 'x', client_assertion_type: 'foo' }),
  form('token', 'an assertion that is no JWT', {
    ...cc,
    client_assertion: 'x',
    client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
  }),
  { name: 'token: GET', endpoint: 'token', method: 'GET', pairs: Object.entries(cc), basic: machine },
];

const otherRequests: readonly DifferentialRequest[] = [
  form('introspection', 'garbage', { token: 'foo' }, machine),
  form('introspection', 'garbage with a hint', { token: 'foo', token_type_hint: 'refresh_token' }, machine),
  form('introspection', 'no token', {}, machine),
  form('introspection', 'a wrong secret', { token: 'foo' }, ['machine', 'wrong']),
  form('introspection', 'no client', { token: 'foo' }),
  form('introspection', 'a public client', { token: 'foo', client_id: 'public' }),
  form('introspection', 'a token twice', { token: 'foo' }, machine, [['token', 'bar']]),
  { name: 'introspection: GET', endpoint: 'introspection', method: 'GET', pairs: [['token', 'foo']], basic: machine },
  form('revocation', 'garbage', { token: 'foo' }, machine),
  form('revocation', 'garbage with a hint', { token: 'foo', token_type_hint: 'access_token' }, machine),
  form('revocation', 'garbage with an unknown hint', { token: 'foo', token_type_hint: 'foo' }, machine),
  form('revocation', 'no token', {}, machine),
  form('revocation', 'a wrong secret', { token: 'foo' }, ['machine', 'wrong']),
  form('revocation', 'no client', { token: 'foo' }),
  form('revocation', 'a public client', { token: 'foo', client_id: 'public' }),
  form('revocation', 'a token twice', { token: 'foo' }, machine, [['token', 'bar']]),
  { name: 'revocation: GET', endpoint: 'revocation', method: 'GET', pairs: [['token', 'foo']], basic: machine },
  { name: 'userinfo: without a token', endpoint: 'userinfo', method: 'GET', pairs: [] },
  { name: 'userinfo: with garbage', endpoint: 'userinfo', method: 'GET', pairs: [], bearer: 'garbage' },
  { name: 'userinfo: POST with garbage', endpoint: 'userinfo', method: 'POST', pairs: [], bearer: 'garbage' },
  { name: 'userinfo: garbage in the form', endpoint: 'userinfo', method: 'POST', pairs: [['access_token', 'garbage']] },
  { name: 'userinfo: garbage in a query', endpoint: 'userinfo', method: 'GET', pairs: [['access_token', 'garbage']] },
  {
    name: 'userinfo: garbage twice',
    endpoint: 'userinfo',
    method: 'POST',
    pairs: [['access_token', 'g']],
    bearer: 'g',
  },
];

/** Requests, valid and invalid, to both servers. */
export const requests: readonly DifferentialRequest[] = [...authorizationRequests, ...tokenRequests, ...otherRequests];
