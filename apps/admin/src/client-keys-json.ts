import type { tokenV1 } from '@castellan/rpc';
import { durationSchema as duration } from '@castellan/service';
import { z } from 'zod';

import { jsonObject, type JsonMember, objectSchema, textSchema as text } from './json.js';

/** Members of a client's body about its keys (RFC 7591 section 2). */
export const keyMembers = {
  jwks: objectSchema.nullish(),
  jwks_uri: text,
  token_endpoint_auth_signing_alg: text,
};

/** Body of POST `/clients/{id}/secret`; durations as Go writes them (`24h`). */
export const rotationBodySchema = z.object({
  client_secret: text,
  overlap: duration.nullish(),
  lifetime: duration.nullish(),
});

type KeyBody = z.infer<z.ZodObject<typeof keyMembers>>;
type KeyFields = Pick<tokenV1.Client, 'jwks' | 'jwksUri' | 'tokenEndpointAuthSigningAlg'>;

/** Reads the members out of a body. */
export function keysFromBody(body: KeyBody): KeyFields {
  return {
    jwks: body.jwks === null || body.jwks === undefined ? '' : JSON.stringify(body.jwks),
    jwksUri: body.jwks_uri ?? '',
    tokenEndpointAuthSigningAlg: body.token_endpoint_auth_signing_alg ?? '',
  };
}

/** Writes the members that are set, and the times of two live secrets or of one that ends. */
export function keyEntries(client: KeyFields & Pick<tokenV1.Client, 'secrets'>): readonly JsonMember[] {
  const { secrets } = client;
  const tells = secrets.some((secret) => secret.expiresAtMs > 0 || secret.lastUsedAtMs > 0);
  return [
    ['jwks', client.jwks !== '' ? client.jwks : undefined],
    ['jwks_uri', client.jwksUri !== '' ? JSON.stringify(client.jwksUri) : undefined],
    [
      'token_endpoint_auth_signing_alg',
      client.tokenEndpointAuthSigningAlg !== '' ? JSON.stringify(client.tokenEndpointAuthSigningAlg) : undefined,
    ],
    ['client_secret_expires_at', tells ? String(seconds(secrets[0]?.expiresAtMs ?? 0)) : undefined],
    ['client_secrets', tells ? `[${secrets.map(secretJson).join(',')}]` : undefined],
  ];
}

function secretJson({ expiresAtMs, lastUsedAtMs }: tokenV1.ClientSecretUse): string {
  return jsonObject([
    ['expires_at', String(seconds(expiresAtMs))],
    ['last_used_at', lastUsedAtMs > 0 ? String(seconds(lastUsedAtMs)) : undefined],
  ]);
}

function seconds(milliseconds: number): number {
  return Math.floor(milliseconds / 1000);
}
