import { jwkSchema, jwkSetSchema, named } from '@castellan/service';
import { z } from 'zod';

import { createKeyBodySchema } from '../admin-keys.http.js';
import { generateBodySchema, importBodySchema, keySetBodySchema } from '../key-json.js';
import { rotateBodySchema, stateNames } from '../rotation.http.js';
import { body, created, done, ok, type SomeOperations } from './admin-operation.js';

const jwkSetBody = named('JsonWebKeySetBody', keySetBodySchema);

const state = z.enum([...stateNames.values()]);
const planSchema = named(
  'KeyPlan',
  z.strictObject({
    set: z.string(),
    now: z.iso.datetime(),
    alg: z.string(),
    rotated_every_seconds: z.number(),
    published_for_seconds: z.number(),
    shown_after_signing_for_seconds: z.number(),
    keys: z.array(
      z.strictObject({
        kid: z.string(),
        alg: z.string(),
        state,
        since: z.iso.datetime(),
        signatures: z.int(),
        next_state: state.optional(),
        next_at: z.iso.datetime().optional(),
      }),
    ),
    next: z
      .strictObject({ staged_at: z.iso.datetime(), published_at: z.iso.datetime(), active_at: z.iso.datetime() })
      .optional()
      .describe('When the key after these comes, where keys are changed by time.'),
  }),
);

const set = 'The name of the key set.';
const oneSet = { set };
const oneKey = { set, key: 'The key ID, or `public` or `private` for the key of that kind.' };

const keys = 'keys';
const prefixed = 'keys, as in Hydra 2';

export const keyOperations = {
  getKey: {
    tag: keys,
    summary: 'Read a key',
    description:
      'A public key is shown without a token where a policy allows nobody in particular to `get` it. With ' +
      '`Accept: application/x-pem-file` the public part comes as PEM.',
    parameters: oneKey,
    answers: {
      200: {
        description: 'A set of this key.',
        schema: jwkSetSchema,
        otherTypes: { 'application/x-pem-file': z.string() },
      },
    },
  },
  getKeySet: {
    tag: keys,
    summary: 'Read a key set',
    parameters: oneSet,
    answers: ok('The keys that the caller may see: all, or the answer is 403.', jwkSetSchema),
  },
  generateKey: {
    tag: keys,
    summary: 'Make a key in a set',
    parameters: oneSet,
    body: body(named('GenerateKeyBody', generateBodySchema)),
    answers: created('The new key: its public and its private part.', jwkSetSchema),
  },
  putKeySet: {
    tag: keys,
    summary: 'Replace a key set',
    parameters: oneSet,
    body: body(jwkSetBody),
    answers: ok('The set as it is now.', jwkSetSchema),
  },
  putKey: {
    tag: keys,
    summary: 'Store a key',
    parameters: oneKey,
    body: body(jwkSchema),
    answers: ok('The key.', jwkSchema),
  },
  importKey: {
    tag: keys,
    summary: 'Bring a key from PEM or PKCS #12 into a set',
    description: 'One of `pem` and `pkcs12` (base64). The private part is not answered.',
    parameters: oneSet,
    body: body(named('ImportKeyBody', importBodySchema)),
    answers: created('The public part of the key.', jwkSchema),
  },
  deleteKeySet: { tag: keys, summary: 'Remove a key set', parameters: oneSet, answers: done('It is gone.') },
  deleteKey: { tag: keys, summary: 'Remove a key', parameters: oneKey, answers: done('It is gone.') },

  getRotation: {
    tag: 'rotation',
    summary: 'Say what becomes of the signing keys, and when',
    answers: ok('The plan of every signing set.', named('KeyPlans', z.strictObject({ sets: z.array(planSchema) }))),
  },
  rotate: {
    tag: 'rotation',
    summary: 'Begin with a new signing key; the old one stays until what it signed has ended',
    parameters: { set: 'The name of the signing set.' },
    body: body(named('RotateBody', rotateBodySchema)),
    answers: ok('The plan of the set.', planSchema),
  },
  rotateAtOnce: {
    tag: 'rotation',
    summary: 'Replace a signing key that leaked: what it signed is worth nothing from now on',
    parameters: { set: 'The name of the signing set.' },
    body: body(rotateBodySchema),
    answers: ok('The plan of the set.', planSchema),
  },

  getJsonWebKeySet: {
    tag: prefixed,
    summary: 'Read a key set',
    parameters: oneSet,
    answers: ok('The keys that the caller may see: all, or the answer is 403.', jwkSetSchema),
  },
  createJsonWebKeySet: {
    tag: prefixed,
    summary: 'Make a key in a set',
    parameters: oneSet,
    body: body(named('CreateJsonWebKeySetBody', createKeyBodySchema)),
    answers: created('A set of the new key.', jwkSetSchema),
  },
  setJsonWebKeySet: {
    tag: prefixed,
    summary: 'Replace a key set',
    parameters: oneSet,
    body: body(jwkSetBody),
    answers: ok('The set as it is now.', jwkSetSchema),
  },
  deleteJsonWebKeySet: { tag: prefixed, summary: 'Remove a key set', parameters: oneSet, answers: done('It is gone.') },
  getJsonWebKey: {
    tag: prefixed,
    summary: 'Read a key',
    parameters: oneKey,
    answers: ok('A set of this key.', jwkSetSchema),
  },
  setJsonWebKey: {
    tag: prefixed,
    summary: 'Store a key',
    parameters: oneKey,
    body: body(jwkSchema),
    answers: ok('The key.', jwkSchema),
  },
  deleteJsonWebKey: { tag: prefixed, summary: 'Remove a key', parameters: oneKey, answers: done('It is gone.') },
} as const satisfies SomeOperations;
