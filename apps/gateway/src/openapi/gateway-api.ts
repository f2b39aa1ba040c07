import { type ApiDescription, processOperations, processTags } from '@castellan/service';

import type { GatewayConfig } from '../gateway.config.js';
import { browserOperations, consentPageOperation } from './browser-operations.js';
import { tokenOperations } from './token-operations.js';

/** The public endpoints, as their OpenAPI document says it. */
export function gatewayApi({ consentUrl }: Pick<GatewayConfig, 'consentUrl'>): ApiDescription {
  return {
    title: 'Castellan public API',
    description: 'The OAuth 2.0 and OpenID Connect endpoints.',
    tags: {
      authorization: 'Where browsers come to be let in.',
      tokens: 'What clients get, ask about and give back.',
      registration: 'How clients register themselves.',
      logout: 'Where browsers come to be let out.',
      discovery: 'What anybody may know of this server.',
      ...processTags,
    },
    securitySchemes: {
      clientSecret: {
        type: 'http',
        scheme: 'basic',
        description: 'The client ID and secret, form-encoded (RFC 6749 section 2.3.1).',
      },
      accessToken: {
        type: 'http',
        scheme: 'bearer',
        description: 'An access token of this server (RFC 6750 section 2.1), with the scopes that the operation names.',
      },
      initialAccessToken: {
        type: 'http',
        scheme: 'bearer',
        description: 'An initial access token (RFC 7591 section 3), where registration takes those.',
      },
      registrationToken: {
        type: 'http',
        scheme: 'bearer',
        description: 'The registration access token of the client (RFC 7592 section 2).',
      },
    },
    operations: [
      ...browserOperations,
      ...(consentUrl === undefined ? [consentPageOperation] : []),
      ...tokenOperations,
      ...processOperations,
    ],
  };
}
