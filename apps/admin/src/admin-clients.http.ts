import { Inject, Req, Res } from '@nestjs/common';
import { RpcError, tokenV1, wardenV1, type RpcClient } from '@castellan/rpc';
import { HttpError, InjectRpcClient, LOGGER, parseQueryParameters, type Logger } from '@castellan/service';
import type { FastifyReply, FastifyRequest } from 'fastify';

import { Access, AdminController, grantOf } from './access.guard.js';
import { badRequest } from './admin-error.js';
import { callOptionsOf, pathParameter, queryParameter, readBody, sendJson, sendNothing } from './admin-request.js';
import { rotationBodySchema } from './client-keys-json.js';
import { present, refuseGroupId, warnOperator } from './clients.http.js';
import { entityTag, readIfMatch } from './entity-tag.js';
import { patchedClientBody } from './hydra-client-patch.js';
import {
  clientFromHydraBody,
  type HydraClientBody,
  hydraClientBodySchema,
  hydraClientJson,
  keepOwnMembers,
} from './hydra-client-json.js';
import { lifespansBodySchema, lifespansFromBody } from './hydra-lifespans.js';
import { jsonPatchSchema } from './json-patch.js';
import { ADMIN_ROUTES } from './routes.js';
import { createUnshared } from './unshared-id.js';

const DEFAULT_PAGE_SIZE = 250;
const LARGEST_PAGE = 1_000;
/** How often a change is tried again when another one came between reading and writing. */
const ATTEMPTS = 5;
/** How long a replaced secret goes on when nobody says otherwise. */
const DEFAULT_OVERLAP_MS = 30 * 24 * 3_600_000;

type Change = { readonly client: tokenV1.Client; readonly clientSecret: string };

/** OAuth 2.0 clients, as the SDKs of Hydra since 2.0 read and write them. */
@AdminController()
export class AdminClientsController {
  constructor(
    @InjectRpcClient(tokenV1.ClientsService) private readonly clients: RpcClient<typeof tokenV1.ClientsService>,
    @InjectRpcClient(wardenV1.GroupsService) private readonly groups: RpcClient<typeof wardenV1.GroupsService>,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  /** Pages are linked as in RFC 8288: `first`, and `next` while there is one. */
  @Access(ADMIN_ROUTES.listOAuth2Clients)
  async list(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const pageSize = pageSizeOf(request);
    const { clients, nextPageToken } = await this.clients.listClientPage(
      {
        pageSize,
        pageToken: queryParameter(request, 'page_token') ?? '',
        clientName: queryParameter(request, 'client_name'),
        owner: queryParameter(request, 'owner'),
        reader: grantOf(request).caller,
      },
      callOptionsOf(request),
    );
    const links = [
      link(request, pageSize, '', 'first'),
      ...(nextPageToken !== '' ? [link(request, pageSize, nextPageToken, 'next')] : []),
    ];
    const body = `[${clients.map((client) => hydraClientJson(client)).join(',')}]`;
    sendJson(reply, 200, body, { link: links.join(', ') });
  }

  @Access(ADMIN_ROUTES.createOAuth2Client)
  async create(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const body = readBody(request, hydraClientBodySchema);
    const client = clientFromHydraBody(body, body.client_id ?? '');
    const created = await createUnshared({
      refuseTaken: () => refuseGroupId(this.groups, client.id, request),
      create: () =>
        this.clients.createClient({ client, clientSecret: body.client_secret ?? '' }, callOptionsOf(request)),
      withdraw: () => this.clients.deleteClient({ id: client.id }, callOptionsOf(request)),
    });
    const stored = present(created.client);
    warnOperator({ reply, logger: this.logger }, stored.id, created.warnings);
    sendJson(reply, 201, hydraClientJson(stored, created.clientSecret), {
      location: `/admin/clients/${encodeURIComponent(stored.id)}`,
      etag: entityTag(stored.revision),
    });
  }

  @Access(ADMIN_ROUTES.getOAuth2Client)
  async get(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const client = await this.read(request);
    sendJson(reply, 200, hydraClientJson(client), { etag: entityTag(client.revision) });
  }

  @Access(ADMIN_ROUTES.setOAuth2Client)
  async set(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const body = readBody(request, hydraClientBodySchema);
    await this.change(request, reply, (stored) => changeTo(keepOwnMembers(body, stored), stored));
  }

  /** What a patch does not name stays (RFC 6902). */
  @Access(ADMIN_ROUTES.patchOAuth2Client)
  async patch(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const patch = readBody(request, jsonPatchSchema);
    await this.change(request, reply, (stored) => changeTo(patchedClientBody(stored, patch), stored));
  }

  @Access(ADMIN_ROUTES.setOAuth2ClientLifespans)
  async setLifespans(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const lifespansMs = lifespansFromBody(readBody(request, lifespansBodySchema));
    await this.change(request, reply, (stored) => ({
      client: { ...stored, tokens: { ...tokenV1.TokenRules.create(stored.tokens), lifespansMs } },
      clientSecret: '',
    }));
  }

  /** The old secret goes on beside the new one until its overlap is over, or DELETE ends it. */
  @Access(ADMIN_ROUTES.rotateOAuth2ClientSecret)
  async rotateSecret(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const body = request.body === undefined ? {} : readBody(request, rotationBodySchema);
    const rotated = await this.clients.rotateClientSecret(
      {
        id: pathParameter(request, 'id'),
        clientSecret: body.client_secret ?? '',
        overlapMs: body.overlap ?? DEFAULT_OVERLAP_MS,
        lifetimeMs: body.lifetime ?? 0,
      },
      callOptionsOf(request),
    );
    const stored = present(rotated.client);
    warnOperator({ reply, logger: this.logger }, stored.id, rotated.warnings);
    sendJson(reply, 200, hydraClientJson(stored, rotated.clientSecret));
  }

  @Access(ADMIN_ROUTES.deleteRotatedOAuth2ClientSecrets)
  async endRotatedSecrets(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const { client } = await this.clients.endRotatedSecret(
      { id: pathParameter(request, 'id') },
      callOptionsOf(request),
    );
    sendJson(reply, 200, hydraClientJson(present(client)));
  }

  @Access(ADMIN_ROUTES.deleteOAuth2Client)
  async delete(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    await this.clients.deleteClient({ id: pathParameter(request, 'id') }, callOptionsOf(request));
    sendNothing(reply);
  }

  private async read(request: FastifyRequest): Promise<tokenV1.Client> {
    const { client } = await this.clients.getClient({ id: pathParameter(request, 'id') }, callOptionsOf(request));
    return present(client);
  }

  /** Stores a change of the client as it is, and answers it. A change that came between is read and built upon. */
  private async change(
    request: FastifyRequest,
    reply: FastifyReply,
    changeOf: (stored: tokenV1.Client) => Change,
  ): Promise<void> {
    for (let attempt = 1; ; attempt += 1) {
      const stored = await this.read(request);
      refuseOtherVersion(request, stored);
      const change = changeOf(stored);
      try {
        const updated = await this.clients.updateClient(
          { ...change, revision: stored.revision },
          callOptionsOf(request),
        );
        const after = present(updated.client);
        warnOperator({ reply, logger: this.logger }, after.id, updated.warnings);
        return sendJson(reply, 200, hydraClientJson(after, change.clientSecret), { etag: entityTag(after.revision) });
      } catch (error) {
        const raced = error instanceof RpcError && error.code === 'ABORTED';
        if (!raced || attempt === ATTEMPTS) throw error;
      }
    }
  }
}

function changeTo(body: HydraClientBody, stored: tokenV1.Client): Change {
  if (body.client_id && body.client_id !== stored.id) {
    throw badRequest('client_id does not match the ID from the URL, and an ID cannot be changed');
  }
  return { client: clientFromHydraBody(body, stored.id), clientSecret: body.client_secret ?? '' };
}

/** RFC 9110 section 13.1.1. */
function refuseOtherVersion(request: FastifyRequest, stored: tokenV1.Client): void {
  const version = readIfMatch(request);
  if (version !== undefined && version !== 0 && version !== stored.revision) {
    throw new HttpError(412, 'The client was changed meanwhile');
  }
}

function pageSizeOf(request: FastifyRequest): number {
  const text = queryParameter(request, 'page_size') ?? String(DEFAULT_PAGE_SIZE);
  if (!/^[1-9]\d{0,8}$/.test(text)) throw badRequest('The parameter page_size must be a whole number from 1');
  return Math.min(Number(text), LARGEST_PAGE);
}

function link(request: FastifyRequest, pageSize: number, pageToken: string, relation: string): string {
  const filters = parseQueryParameters(request.url).filter(({ name }) => name === 'client_name' || name === 'owner');
  const query = new URLSearchParams(filters.map(({ name, value }): [string, string] => [name, value]));
  query.set('page_size', String(pageSize));
  if (pageToken !== '') query.set('page_token', pageToken);
  return `</admin/clients?${query.toString()}>; rel="${relation}"`;
}
