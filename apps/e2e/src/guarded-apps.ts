import type { AddressInfo } from 'node:net';
import { Controller, Get, Module, Param, UseGuards } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { type AccessRule, expressGuard, fastifyGuard, type WardenClient } from '@castellan/sdk';
import { nestGuard } from '@castellan/sdk/nest';
import express from 'express';
import Fastify from 'fastify';

/** An app of another team: `GET /articles/:id` behind a guard of the SDK. */
export type GuardedApp = {
  readonly url: string;
  /** Articles that were given out, so that a refusal is known to have come before the route. */
  readonly read: readonly string[];
  close(): Promise<void>;
};

type ArticleRequest = {
  readonly headers: { readonly authorization?: string };
  readonly params: Readonly<Record<string, string>>;
};

const ruleOf = ({ params }: ArticleRequest): AccessRule => ({
  resource: `article:${params['id']}`,
  action: 'read',
  scopes: ['articles'],
});

type Start = (warden: WardenClient) => Promise<GuardedApp>;

const startFastify: Start = async (warden) => {
  const read: string[] = [];
  const app = Fastify();
  app.get<{ Params: { id: string } }>('/articles/:id', { preHandler: fastifyGuard(warden, ruleOf) }, (request, reply) =>
    reply.send(`read ${read.push(request.params.id)}`),
  );
  return { url: await app.listen({ port: 0, host: '127.0.0.1' }), read, close: () => app.close() };
};

const startExpress: Start = async (warden) => {
  const read: string[] = [];
  const app = express();
  app.get('/articles/:id', expressGuard(warden, ruleOf), (request, response) => {
    response.send(`read ${read.push(request.params['id'] ?? '')}`);
  });
  const server = await new Promise<ReturnType<typeof app.listen>>((resolve) => {
    const listening = app.listen(0, '127.0.0.1', () => resolve(listening));
  });
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    read,
    close: () => new Promise((resolve) => server.close(() => resolve())),
  };
};

const startNest: Start = async (warden) => {
  const read: string[] = [];

  @Controller('articles')
  @UseGuards(nestGuard(warden, ruleOf))
  class ArticlesController {
    @Get(':id')
    article(@Param('id') id: string): string {
      return `read ${read.push(id)}`;
    }
  }

  @Module({ controllers: [ArticlesController] })
  class ArticlesModule {}

  const app = await NestFactory.create<NestFastifyApplication>(ArticlesModule, new FastifyAdapter(), { logger: false });
  await app.listen(0, '127.0.0.1');
  return { url: await app.getUrl(), read, close: () => app.close() };
};

/** An app on each framework that the SDK has a guard for. */
export const guardedApps: Readonly<Record<'Fastify' | 'Express' | 'Nest', Start>> = {
  Fastify: startFastify,
  Express: startExpress,
  Nest: startNest,
};
