import type { wardenV1 } from '@castellan/rpc';
import { z } from 'zod';

import { jsonList, jsonObject, listSchema as members, textSchema } from './json.js';

/** Body of POST `/warden/groups`. */
export const groupBodySchema = z.object({ id: textSchema, members });

/** Body of POST and DELETE `/warden/groups/{id}/members`. */
export const membersBodySchema = z.object({ members });

/** Writes a group. */
export function groupJson(group: wardenV1.Group): string {
  return jsonObject([
    ['id', JSON.stringify(group.id)],
    ['members', jsonList(group.members)],
  ]);
}
