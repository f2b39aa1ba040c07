import { codeChallengeMethods, keptParameters, responseModes, responseTypes } from '@castellan/oauth2';
import { type ApiOperation, type ApiParameters, errorSchema } from '@castellan/service';
import { z } from 'zod';

import { PAGE_STYLE_PATH } from '../page-style.js';
import { pageErrors } from './oauth-answers.js';

type Parameter = { readonly description: string; readonly schema: z.ZodType; readonly required?: true };

/** What an authorization request may say: all that the rules of the endpoint read, and some that apps read. */
const authorizationParameters = {
  client_id: { description: 'The client.', schema: z.string() },
  redirect_uri: { description: 'Where the answer goes; one that is registered.', schema: z.string() },
  response_type: {
    description: `What is wanted: ${responseTypes.map(({ name }) => `\`${name}\``).join(', ')}, in any order of words.`,
    schema: z.string(),
  },
  response_mode: { description: 'How the answer travels.', schema: z.enum(responseModes) },
  scope: { description: 'Scopes, with blanks between.', schema: z.string() },
  resource: { description: 'A resource server that the token is for (RFC 8707); may be repeated.', schema: z.string() },
  audience: { description: 'The same as Hydra names it: resource servers, with blanks between.', schema: z.string() },
  state: { description: 'Comes back with the answer.', schema: z.string() },
  nonce: { description: 'Comes back in the ID token.', schema: z.string() },
  code_challenge: { description: 'The PKCE challenge (RFC 7636).', schema: z.string() },
  code_challenge_method: { description: 'How it was made.', schema: z.enum(codeChallengeMethods) },
  max_age: { description: 'The oldest login that will do, in seconds.', schema: z.int().min(0) },
  claims: {
    description: 'Claims that are wanted by name (OpenID Connect Core section 5.5), as JSON.',
    schema: z.string(),
  },
  prompt: {
    description: 'What the apps shall ask: `none`, or `login`, `consent`, `select_account`.',
    schema: z.string(),
  },
  request_uri: { description: 'A registered URI of a request object (section 6.2).', schema: z.string() },
  id_token_hint: { description: 'An ID token of who should be logged in.', schema: z.string() },
  login_hint: { description: 'Passed on to the login app.', schema: z.string() },
  display: { description: 'Passed on to the login app.', schema: z.string() },
  ui_locales: { description: 'Passed on to the login app.', schema: z.string() },
  acr_values: { description: 'Passed on to the login app.', schema: z.string() },
  consent: { description: 'The decision of the consent app, by which a browser comes back.', schema: z.string() },
} as const satisfies Readonly<Record<(typeof keptParameters)[number], Parameter>> & ApiParameters;

const logoutParameters = {
  id_token_hint: { description: 'An ID token of the session that shall end.', schema: z.string() },
  client_id: { description: 'The client that asks.', schema: z.string() },
  post_logout_redirect_uri: { description: 'Where the browser goes then; one that is registered.', schema: z.string() },
  state: { description: 'Comes back with it.', schema: z.string() },
  logout_verifier: { description: 'By which a browser comes back from the logout app.', schema: z.string() },
  logout_challenge: { description: 'Posted by our own page when the user says yes.', schema: z.string() },
} as const satisfies ApiParameters;

/** The same parameters as a form. */
function form(parameters: ApiParameters): NonNullable<ApiOperation['body']> {
  const members = Object.entries(parameters).map(([name, { description, schema }]) => [
    name,
    schema.describe(description).optional(),
  ]);
  return {
    schema: z.object(Object.fromEntries(members) as Record<string, z.ZodOptional>),
    type: 'application/x-www-form-urlencoded',
    required: true,
  };
}

const page = { schema: z.string(), type: 'text/html' };
const open = { pathParameters: {}, security: [] } as const;
const authorization = { ...open, path: '/oauth2/auth', tag: 'authorization' } as const;
const endSession = { ...open, path: '/oauth2/sessions/logout', tag: 'logout' } as const;

/** What browsers are sent to. */
export const browserOperations: readonly ApiOperation[] = [
  {
    ...authorization,
    id: 'authorize',
    method: 'GET',
    summary: 'Begin an authorization, or go on with one (RFC 6749 section 3.1)',
    query: authorizationParameters,
    answers: {
      200: { description: 'A form that posts the answer to the client (`form_post`).', ...page },
      302: { description: 'To the login or consent app, or with the answer to the client.' },
      ...pageErrors(400, 413),
    },
  },
  {
    ...authorization,
    id: 'authorizeByPost',
    method: 'POST',
    summary: 'The same with the parameters in a form',
    body: form(authorizationParameters),
    answers: {
      200: { description: 'A form that posts the answer to the client (`form_post`).', ...page },
      303: { description: 'To the login or consent app, or with the answer to the client.' },
      ...pageErrors(400, 413),
    },
  },
  {
    ...endSession,
    id: 'endSession',
    method: 'GET',
    summary: 'Begin a logout, or go on with one (OpenID Connect RP-Initiated Logout 1.0)',
    query: logoutParameters,
    answers: {
      200: { description: 'A page that asks the user, or loads the frames of front-channel logout.', ...page },
      302: { description: 'To the logout app, or to where the browser ends.' },
      ...pageErrors(400, 413),
    },
  },
  {
    ...endSession,
    id: 'endSessionByPost',
    method: 'POST',
    summary: 'The same with the parameters in a form',
    body: form(logoutParameters),
    answers: {
      200: { description: 'A page that loads the frames of front-channel logout.', ...page },
      303: { description: 'The same request as a navigation, or on to where the browser ends.' },
      ...pageErrors(400, 413),
    },
  },
  {
    ...open,
    id: 'loggedOut',
    method: 'GET',
    path: '/oauth2/sessions/logout/done',
    tag: 'logout',
    summary: 'Where a browser ends after a logout without a better place',
    answers: {
      200: { description: 'A page.', ...page },
      400: { description: 'The request cannot be read.', schema: errorSchema },
    },
  },
  {
    ...open,
    id: 'pageStyle',
    method: 'GET',
    path: PAGE_STYLE_PATH,
    tag: 'authorization',
    summary: 'The style of the pages of this server',
    answers: {
      200: { description: 'A style sheet.', schema: z.string(), type: 'text/css' },
      400: { description: 'The request cannot be read.', schema: errorSchema },
    },
  },
];

/** Where browsers arrive while no consent app is configured. */
export const consentPageOperation: ApiOperation = {
  ...open,
  id: 'consentPage',
  method: 'GET',
  path: '/oauth2/consent',
  tag: 'authorization',
  summary: 'A page that says that no consent app is configured',
  answers: {
    200: { description: 'A page.', ...page },
    400: { description: 'The request cannot be read.', schema: errorSchema },
  },
};
