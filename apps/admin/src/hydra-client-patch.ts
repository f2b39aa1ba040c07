import type { tokenV1 } from '@castellan/rpc';

import { badRequest } from './admin-error.js';
import { type HydraClientBody, hydraClientBodySchema, hydraClientJson } from './hydra-client-json.js';
import { applyJsonPatch, type JsonPatch, JsonPatchError } from './json-patch.js';

/** Every member that a patch can name; `null` is what is not set, so that `replace` finds it too. */
const unset = Object.fromEntries(Object.keys(hydraClientBodySchema.shape).map((name) => [name, null]));

/**
 * The body that a JSON Patch (RFC 6902) makes of a client. The secret is not in the document: a patch can set it, not read
 * it.
 * @throws HttpError 400 when the patch does not apply, or what it makes is no client
 */
export function patchedClientBody(stored: tokenV1.Client, patch: JsonPatch): HydraClientBody {
  const document = { ...unset, ...(JSON.parse(hydraClientJson(stored)) as typeof unset) };
  const result = hydraClientBodySchema.safeParse(patched(document, patch));
  if (!result.success) {
    const [issue] = result.error.issues;
    throw badRequest(`The patched client does not fit: ${issue?.path.join('.') ?? ''}: ${issue?.message ?? 'unknown'}`);
  }
  return result.data;
}

function patched(document: typeof unset, patch: JsonPatch): unknown {
  try {
    return applyJsonPatch(document, patch);
  } catch (cause) {
    if (cause instanceof JsonPatchError) throw badRequest(`The patch does not apply: ${cause.message}`);
    throw cause;
  }
}
