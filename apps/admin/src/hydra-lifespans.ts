import { durationSchema as duration } from '@castellan/service';
import { z } from 'zod';

import type { JsonMember } from './json.js';

/** Lifetimes of a client's tokens by the names that Hydra has. Those that the authorization server lacks, it refuses. */
const names = [
  'authorization_code_grant_access_token_lifespan',
  'authorization_code_grant_id_token_lifespan',
  'authorization_code_grant_refresh_token_lifespan',
  'client_credentials_grant_access_token_lifespan',
  'device_authorization_grant_access_token_lifespan',
  'device_authorization_grant_id_token_lifespan',
  'device_authorization_grant_refresh_token_lifespan',
  'implicit_grant_access_token_lifespan',
  'implicit_grant_id_token_lifespan',
  'jwt_bearer_grant_access_token_lifespan',
  'refresh_token_grant_access_token_lifespan',
  'refresh_token_grant_id_token_lifespan',
  'refresh_token_grant_refresh_token_lifespan',
] as const;

/** Members of a body; durations as Go writes them (`1h30m`), `null` for what the server decides. */
export const lifespanMembers = Object.fromEntries(names.map((name) => [name, duration.nullish()])) as Record<
  (typeof names)[number],
  z.ZodOptional<z.ZodNullable<typeof duration>>
>;

/** Body of PUT `/admin/clients/{id}/lifespans`: what is absent ends. */
export const lifespansBodySchema = z.object(lifespanMembers);

/** Reads the lifetimes that are set, in milliseconds. */
export function lifespansFromBody(body: z.infer<typeof lifespansBodySchema>): Map<string, number> {
  return new Map(
    names.flatMap((name) => {
      const milliseconds = body[name];
      return milliseconds === null || milliseconds === undefined ? [] : [[name, milliseconds] as const];
    }),
  );
}

/** Writes every lifetime, `null` where the server decides. */
export function lifespanEntries(lifespansMs: ReadonlyMap<string, number> = new Map()): readonly JsonMember[] {
  return names.map((name) => {
    const milliseconds = lifespansMs.get(name);
    return [name, milliseconds === undefined ? 'null' : JSON.stringify(goDuration(milliseconds))];
  });
}

/** A duration as Go prints it: `1h30m0s`, `5m0s`, `1.5s`. */
export function goDuration(milliseconds: number): string {
  const hours = Math.floor(milliseconds / 3_600_000);
  const minutes = Math.floor((milliseconds % 3_600_000) / 60_000);
  const seconds = `${(milliseconds % 60_000) / 1_000}s`;
  if (hours > 0) return `${hours}h${minutes}m${seconds}`;
  return minutes > 0 ? `${minutes}m${seconds}` : seconds;
}
