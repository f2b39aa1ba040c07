import { createHash } from 'node:crypto';
import { performance } from 'node:perf_hooks';

import { Controller, Get, Req, Res } from '@nestjs/common';
import { keysV1, tokenV1, type RpcClient } from '@castellan/rpc';
import { InjectRpcClient } from '@castellan/service';
import type { FastifyReply, FastifyRequest } from 'fastify';

import { send } from './answer.js';
import { createBriefCache } from './brief-cache.js';
import { publicJwkSet } from './jwk-set.js';

/** Metadata follows from the configuration, so a few seconds here and some minutes at the client are safe. */
const METADATA_LIFETIME_MS = 10_000;
const METADATA_MAX_AGE_SECONDS = 300;

/** Long enough to share one rpc among requests that come together, short enough for a revoked key to go at once. */
const KEYS_LIFETIME_MS = 1_000;

type Document = { readonly body: string; readonly etag: string; readonly maxAgeSeconds: number };

/** What anybody may know of this authorization server: its metadata and its public keys. */
@Controller('.well-known')
export class DiscoveryController {
  private readonly readMetadata: () => Promise<Document>;
  private readonly readKeys: () => Promise<Document>;

  constructor(
    @InjectRpcClient(tokenV1.TokensService) tokens: RpcClient<typeof tokenV1.TokensService>,
    @InjectRpcClient(keysV1.SigningService) signing: RpcClient<typeof keysV1.SigningService>,
  ) {
    const now = (): number => performance.now();
    this.readMetadata = createBriefCache(() => loadMetadata(tokens), METADATA_LIFETIME_MS, now);
    this.readKeys = createBriefCache(() => loadKeys(signing), KEYS_LIFETIME_MS, now);
  }

  /** OpenID Connect Discovery 1.0 section 4. */
  @Get('openid-configuration')
  async openidConfiguration(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    publish(request, reply, await this.readMetadata());
  }

  /** RFC 8414 section 3. */
  @Get('oauth-authorization-server')
  async authorizationServer(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    publish(request, reply, await this.readMetadata());
  }

  /** RFC 7517 section 5: the keys that verify ID tokens and JWT access tokens, and no other set. */
  @Get('jwks.json')
  async keys(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    publish(request, reply, await this.readKeys());
  }
}

async function loadMetadata(tokens: RpcClient<typeof tokenV1.TokensService>): Promise<Document> {
  const { json } = await tokens.getMetadata({});
  return document(json, METADATA_MAX_AGE_SECONDS);
}

async function loadKeys(signing: RpcClient<typeof keysV1.SigningService>): Promise<Document> {
  const published = await Promise.all(
    [keysV1.Purpose.PURPOSE_ID_TOKEN, keysV1.Purpose.PURPOSE_ACCESS_TOKEN].map((purpose) =>
      signing.getVerificationKeys({ purpose }),
    ),
  );
  const maxAgeSeconds = Math.min(...published.map((each) => each.maxAgeSeconds));
  return document(publicJwkSet(published.flatMap(({ keys }) => keys)), Math.max(0, maxAgeSeconds));
}

function document(body: string, maxAgeSeconds: number): Document {
  return { body, etag: `"${createHash('sha256').update(body).digest('base64url')}"`, maxAgeSeconds };
}

/** Anybody may read these from any origin: they are public and the same for everybody. */
function publish(request: FastifyRequest, reply: FastifyReply, { body, etag, maxAgeSeconds }: Document): void {
  const headers = {
    'access-control-allow-origin': '*',
    'cache-control': `public, max-age=${maxAgeSeconds}`,
    etag,
  };
  if (holds(request.headers['if-none-match'], etag)) {
    return send(reply, { status: 304, headers, body: '' });
  }
  send(reply, { status: 200, headers: { ...headers, 'content-type': 'application/json' }, body });
}

/** Whether the caller has this version (RFC 9110 section 13.1.2, weak comparison). */
function holds(ifNoneMatch: string | undefined, etag: string): boolean {
  const tags = (ifNoneMatch ?? '').split(',').map((tag) => tag.trim().replace(/^W\//, ''));
  return tags.includes('*') || tags.includes(etag);
}
