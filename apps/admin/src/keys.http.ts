import { Req, Res } from '@nestjs/common';
import { keysV1, MAX_DEADLINE_MS, type RpcClient } from '@castellan/rpc';
import { HttpError, InjectRpcClient } from '@castellan/service';
import type { FastifyReply, FastifyRequest } from 'fastify';

import { Access, AdminController, grantOf } from './access.guard.js';
import type { AccessGrant } from './access.js';
import { notFound } from './admin-error.js';
import { callOptionsOf, pathParameter, readBody, sendJson, sendNothing } from './admin-request.js';
import { generateBodySchema, holdsSecret, keyBodySchema, keySetBodySchema, keySetJson } from './key-json.js';
import { isPublicKeyName } from './access-questions.js';
import { ADMIN_ROUTES } from './routes.js';

/** JSON Web Key sets. */
@AdminController()
export class KeysController {
  constructor(@InjectRpcClient(keysV1.KeysService) private readonly keys: RpcClient<typeof keysV1.KeysService>) {}

  @Access(ADMIN_ROUTES.getKey)
  getKey(@Req() request: FastifyRequest, @Res() reply: FastifyReply): void {
    sendJson(reply, 200, keySetJson(readable(grantOf(request))));
  }

  @Access(ADMIN_ROUTES.getKeySet)
  getKeySet(@Req() request: FastifyRequest, @Res() reply: FastifyReply): void {
    sendJson(reply, 200, keySetJson(readable(grantOf(request))));
  }

  @Access(ADMIN_ROUTES.generateKey)
  async generate(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const set = pathParameter(request, 'set');
    const body = readBody(request, generateBodySchema);
    // A large RSA key takes seconds to find.
    const { keys } = await this.keys.generateKey(
      { set, algorithm: body.alg ?? '', keyId: body.kid ?? '' },
      { ...callOptionsOf(request), deadlineMs: MAX_DEADLINE_MS },
    );
    sendJson(reply, 201, keySetJson(keys), { location: `/keys/${encodeURIComponent(set)}` });
  }

  @Access(ADMIN_ROUTES.putKeySet)
  async putKeySet(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const body = readBody(request, keySetBodySchema);
    const { keys } = await this.keys.putKeySet(
      { set: pathParameter(request, 'set'), keys: body.keys.map((key) => JSON.stringify(key)) },
      callOptionsOf(request),
    );
    sendJson(reply, 200, keySetJson(keys));
  }

  @Access(ADMIN_ROUTES.putKey)
  async putKey(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const { key } = await this.keys.putKey(
      {
        set: pathParameter(request, 'set'),
        keyId: pathParameter(request, 'key'),
        key: JSON.stringify(readBody(request, keyBodySchema)),
      },
      callOptionsOf(request),
    );
    if (key === undefined) {
      throw new Error('the key manager stored a key and answered none');
    }
    sendJson(reply, 200, key.json);
  }

  @Access(ADMIN_ROUTES.deleteKeySet)
  async deleteKeySet(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    await this.keys.deleteKeySet({ set: pathParameter(request, 'set') }, callOptionsOf(request));
    sendNothing(reply);
  }

  @Access(ADMIN_ROUTES.deleteKey)
  async deleteKey(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    await this.keys.deleteKey(
      { set: pathParameter(request, 'set'), keyId: pathParameter(request, 'key') },
      callOptionsOf(request),
    );
    sendNothing(reply);
  }
}

/** The keys that the guard read and asked about. The second wall: what policies call public must be public. */
export function readable({ anonymous, keys }: AccessGrant): readonly keysV1.Jwk[] {
  if (keys.length === 0) {
    throw notFound();
  }
  for (const key of keys) {
    if ((anonymous || isPublicKeyName(key.resourceName)) && holdsSecret(key.json)) {
      throw new HttpError(403, 'The request is not allowed');
    }
  }
  return keys;
}
