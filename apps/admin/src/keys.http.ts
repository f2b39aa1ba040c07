import { Req, Res } from '@nestjs/common';
import { keysV1, MAX_DEADLINE_MS, type RpcClient } from '@castellan/rpc';
import { InjectRpcClient } from '@castellan/service';
import type { FastifyReply, FastifyRequest } from 'fastify';

import { Access, AdminController } from './access.guard.js';
import { callOptionsOf, pathParameter, readBody, sendJson, sendNothing } from './admin-request.js';
import { generateBodySchema, importBodySchema, keySetJson } from './key-json.js';
import { releaseKey, releaseKeySet } from './key-release.js';
import { removeKey, removeKeySet } from './key-removal.js';
import { storeKey, storeKeySet } from './key-store.js';
import { publicPem } from './public-pem.js';
import { ADMIN_ROUTES } from './routes.js';

/** JSON Web Key sets. */
@AdminController()
export class KeysController {
  constructor(@InjectRpcClient(keysV1.KeysService) private readonly keys: RpcClient<typeof keysV1.KeysService>) {}

  @Access(ADMIN_ROUTES.getKey)
  async getKey(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const keys = await releaseKey(this.keys, request);
    if (request.headers.accept === PEM_TYPE) return sendPem(reply, keys);
    sendJson(reply, 200, keySetJson(keys));
  }

  @Access(ADMIN_ROUTES.getKeySet)
  async getKeySet(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    sendJson(reply, 200, keySetJson(await releaseKeySet(this.keys, request)));
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
    sendJson(reply, 200, keySetJson(await storeKeySet(this.keys, request)));
  }

  @Access(ADMIN_ROUTES.putKey)
  async putKey(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    sendJson(reply, 200, await storeKey(this.keys, request));
  }

  /** PEM as it is, PKCS #12 as base64; the private part is not answered. */
  @Access(ADMIN_ROUTES.importKey)
  async importKey(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const body = readBody(request, importBodySchema);
    const { key } = await this.keys.importKey(
      {
        set: pathParameter(request, 'set'),
        keyId: body.kid ?? '',
        algorithm: body.alg ?? '',
        pem: body.pem ?? undefined,
        pkcs12: typeof body.pkcs12 !== 'string' ? undefined : Buffer.from(body.pkcs12, 'base64'),
        passphrase: body.passphrase ?? '',
      },
      callOptionsOf(request),
    );
    if (key === undefined) {
      throw new Error('the key manager stored a key and answered none');
    }
    sendJson(reply, 201, key.json);
  }

  @Access(ADMIN_ROUTES.deleteKeySet)
  async deleteKeySet(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    await removeKeySet(this.keys, request);
    sendNothing(reply);
  }

  @Access(ADMIN_ROUTES.deleteKey)
  async deleteKey(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    await removeKey(this.keys, request);
    sendNothing(reply);
  }
}

/** RFC 7468; what is asked for must be exactly this. */
const PEM_TYPE = 'application/x-pem-file';

/** The public parts of keys as PEM, each with its certificates. A symmetric key has none: 400. */
function sendPem(reply: FastifyReply, keys: readonly keysV1.Jwk[]): void {
  void reply
    .status(200)
    .headers({ 'cache-control': 'no-store', 'content-type': PEM_TYPE })
    .send(keys.map(publicPem).join(''));
}
