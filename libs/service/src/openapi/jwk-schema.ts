import { z } from 'zod';

import { named } from './api-schema.js';

/** A key (RFC 7517 section 4); its other members depend on its type. */
export const jwkSchema = named('JsonWebKey', z.looseObject({ kty: z.string(), kid: z.string().optional() }));

/** A JWK Set (RFC 7517 section 5). */
export const jwkSetSchema = named('JsonWebKeySet', z.strictObject({ keys: z.array(jwkSchema) }));
