import { readFileSync } from 'node:fs';

import { Controller, Get, Inject, Module, Res, type DynamicModule } from '@nestjs/common';
import type { FastifyReply } from 'fastify';

import { type OpenapiDocument, writeDocument } from './document.js';
import type { ApiDescription } from './operation.js';

/** Token of the document's bytes. */
const DOCUMENT = Symbol('DOCUMENT');

/** The version of the product: every package of it has the same. */
const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
  readonly version: string;
};

/** The OpenAPI document of an API in this version of the product. */
export function openapiOf(api: ApiDescription): OpenapiDocument {
  return writeDocument(api, version);
}

/** What an API is, for anybody who can reach it: no secret is in it, and it is the same for everybody. */
@Controller()
class OpenapiController {
  constructor(@Inject(DOCUMENT) private readonly document: Buffer) {}

  @Get('openapi.json')
  read(@Res() reply: FastifyReply): void {
    void reply
      .headers({ 'cache-control': 'public, max-age=300', 'content-type': 'application/json' })
      .send(this.document);
  }
}

/** Serves the OpenAPI document of an API at `/openapi.json`. */
@Module({})
export class OpenapiModule {
  static forRoot(api: ApiDescription): DynamicModule {
    return {
      module: OpenapiModule,
      controllers: [OpenapiController],
      providers: [{ provide: DOCUMENT, useFactory: () => Buffer.from(JSON.stringify(openapiOf(api))) }],
    };
  }
}
