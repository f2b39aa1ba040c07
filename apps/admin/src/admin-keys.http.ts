import { Req, Res } from '@nestjs/common';
import { keysV1, MAX_DEADLINE_MS, type RpcClient } from '@castellan/rpc';
import { InjectRpcClient } from '@castellan/service';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';

import { Access, AdminController } from './access.guard.js';
import { badRequest } from './admin-error.js';
import { callOptionsOf, pathParameter, readBody, sendJson, sendNothing } from './admin-request.js';
import { textSchema } from './json.js';
import { keySetJson } from './key-json.js';
import { releaseKey, releaseKeySet } from './key-release.js';
import { removeKey, removeKeySet } from './key-removal.js';
import { storeKey, storeKeySet } from './key-store.js';
import { ADMIN_ROUTES } from './routes.js';

/** Body of POST `/admin/keys/{set}`. */
export const createKeyBodySchema = z.object({ alg: z.string(), kid: textSchema, use: textSchema });

/** JSON Web Key sets, as the SDKs of Hydra since 2.0 read and write them: a key is one JWK, under the key ID it was given. */
@AdminController()
export class AdminKeysController {
  constructor(@InjectRpcClient(keysV1.KeysService) private readonly keys: RpcClient<typeof keysV1.KeysService>) {}

  @Access(ADMIN_ROUTES.getJsonWebKeySet)
  async getSet(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    sendJson(reply, 200, keySetJson(await releaseKeySet(this.keys, request)));
  }

  @Access(ADMIN_ROUTES.getJsonWebKey)
  async getKey(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    sendJson(reply, 200, keySetJson(await releaseKey(this.keys, request)));
  }

  @Access(ADMIN_ROUTES.createJsonWebKeySet)
  async create(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const set = pathParameter(request, 'set');
    const { alg, kid, use } = readBody(request, createKeyBodySchema);
    if (use !== null && use !== undefined && use !== '' && use !== 'sig') {
      throw badRequest('use must be sig: the keys made here sign, they do not encrypt');
    }
    // A large RSA key takes seconds to find.
    const { keys } = await this.keys.generateKey(
      { set, algorithm: alg, keyId: kid ?? '', single: true },
      { ...callOptionsOf(request), deadlineMs: MAX_DEADLINE_MS },
    );
    sendJson(reply, 201, keySetJson(keys), { location: `/admin/keys/${encodeURIComponent(set)}` });
  }

  @Access(ADMIN_ROUTES.setJsonWebKeySet)
  async setSet(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    sendJson(reply, 200, keySetJson(await storeKeySet(this.keys, request)));
  }

  @Access(ADMIN_ROUTES.setJsonWebKey)
  async setKey(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    sendJson(reply, 200, await storeKey(this.keys, request));
  }

  @Access(ADMIN_ROUTES.deleteJsonWebKeySet)
  async deleteSet(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    await removeKeySet(this.keys, request);
    sendNothing(reply);
  }

  @Access(ADMIN_ROUTES.deleteJsonWebKey)
  async deleteKey(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    await removeKey(this.keys, request);
    sendNothing(reply);
  }
}
