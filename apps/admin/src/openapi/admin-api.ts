import {
  type ApiAnswer,
  type ApiDescription,
  type ApiOperation,
  errorSchema,
  named,
  processOperations,
  processTags,
} from '@castellan/service';
import { z } from 'zod';

import { hasPrefixedErrors } from '../admin-error.js';
import type { AdminRoute } from '../admin-route.js';
import { ADMIN_ROUTES } from '../routes.js';
import type { AdminOperation } from './admin-operation.js';
import { authzenMetadataOperation } from './authzen-metadata-operation.js';
import { clientOperations } from './client-operations.js';
import { decisionOperations } from './decision-operations.js';
import { keyOperations } from './key-operations.js';
import { loginConsentOperations } from './login-consent-operations.js';
import { policyOperations } from './policy-operations.js';
import { prefixedClientOperations } from './prefixed-client-operations.js';

/** Every route of the admin API with what is said of it: a route without a description does not compile. */
export const ADMIN_OPERATIONS: {
  readonly [Name in keyof typeof ADMIN_ROUTES]: AdminOperation<(typeof ADMIN_ROUTES)[Name]['path']>;
} = {
  ...clientOperations,
  ...prefixedClientOperations,
  ...keyOperations,
  ...policyOperations,
  ...decisionOperations,
  ...loginConsentOperations,
};

const prefixedErrorSchema = named(
  'PrefixedError',
  z
    .strictObject({
      error: z.string(),
      error_description: z.string(),
      status_code: z.int(),
      request_id: z.string().optional(),
    })
    .describe('An error as the SDKs of Hydra since 2.0 read it.'),
);

/** What is refused for reasons that have nothing to do with the route. */
const refusalTexts: Readonly<Record<number, string>> = {
  400: 'The request cannot be understood, or does not fit.',
  401: 'There is no valid access token.',
  403: 'The token lacks the scope, or no policy allows it.',
  404: 'There is no such object.',
  409: 'The object is taken, changed meanwhile, or decided already.',
  412: 'The object has another version than If-Match says.',
  413: 'The body is too large.',
  415: 'The body has another media type.',
  429: 'There are too many of these.',
  503: 'A service behind this API does not answer at the moment.',
};

/** The admin API, as its OpenAPI document says it. */
export const adminApi: ApiDescription = {
  title: 'Castellan admin API',
  description:
    'Clients, keys, policies, groups, decisions, login and consent requests. Each call shows an access token with the ' +
    'scope of the operation, and the Warden is asked whether its subject may do this. Members of a body that are not ' +
    'named here are ignored.',
  tags: {
    clients: 'OAuth 2.0 clients, by the names of Hydra 0.9.',
    'clients, as in Hydra 2': 'The same clients, as the SDKs of Hydra since 2.0 read and write them.',
    'resource servers': 'For whom tokens are issued.',
    tokens: 'Tokens and grants: explained, introspected, ended.',
    policies: 'Who may do what.',
    groups: 'Groups of subjects.',
    warden: 'Decisions.',
    AuthZEN: 'The same decisions in the words of the OpenID AuthZEN Authorization API 1.0.',
    keys: 'JSON Web Key sets.',
    'keys, as in Hydra 2': 'The same sets, as the SDKs of Hydra since 2.0 read and write them.',
    rotation: 'The life of the signing keys.',
    'login and consent': 'Login and consent requests, for the apps that decide them.',
    'sessions and consents': 'What users are logged in to and have agreed to.',
    logout: 'Logout requests, and logout tokens on their way.',
    ...processTags,
  },
  securitySchemes: {
    accessToken: {
      type: 'http',
      scheme: 'bearer',
      description: 'An access token of this server (RFC 6750 section 2.1), with the scopes that the operation names.',
    },
  },
  operations: [...Object.keys(ADMIN_ROUTES).flatMap(operationsOf), authzenMetadataOperation, ...processOperations],
};

/** A route at its path, and at every other path that SDKs know it by. */
function operationsOf(name: string): readonly ApiOperation[] {
  const route = ADMIN_ROUTES[name as keyof typeof ADMIN_ROUTES] as AdminRoute;
  const operation = ADMIN_OPERATIONS[name as keyof typeof ADMIN_ROUTES] as AdminOperation;
  return [
    describe(route, operation, { id: name, path: route.path }),
    ...(route.aliases ?? []).map((path, index) => ({
      ...describe(route, operation, { id: `${name}Alias${index + 1}`, path }),
      description: `The same as ${route.method} ${route.path}, for older clients.`,
      deprecated: true,
    })),
  ];
}

function describe(
  route: AdminRoute,
  operation: AdminOperation,
  { id, path }: { readonly id: string; readonly path: string },
): ApiOperation {
  const { refusals: _own, parameters, ...said } = operation;
  const needed: ApiOperation['security'] = [{ accessToken: [route.scope] }];
  const inPath = path !== route.path && path.includes(':challenge');
  return {
    ...said,
    id,
    path,
    method: route.method,
    pathParameters: parameters ?? (inPath ? { challenge: 'The challenge that the browser brought.' } : {}),
    ...(route.query === undefined || inPath ? {} : { query: route.query }),
    security: route.anonymous === undefined ? needed : [...needed, {}],
    answers: { ...refusalsOf(route, operation, path), ...operation.answers },
  };
}

function refusalsOf(route: AdminRoute, operation: AdminOperation, path: string): Readonly<Record<number, ApiAnswer>> {
  const [name, schema] = hasPrefixedErrors(path)
    ? (['PrefixedError', prefixedErrorSchema] as const)
    : (['Error', errorSchema] as const);
  const statuses = [
    ...[400, 401, 403, 429, 503],
    ...(path.includes(':') ? [404] : []),
    ...(route.method === 'GET' ? [] : [409, 413, 415]),
    ...(operation.refusals ?? []),
  ];
  return Object.fromEntries(
    statuses.map((status) => {
      const description = refusalTexts[status] ?? '';
      return [status, { name: `${name}${status}`, description, schema }] as const;
    }),
  );
}
