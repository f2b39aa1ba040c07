// Nest on Fastify with a handler that reads its JSON body and answers at once: the floor under every admin endpoint.
import 'reflect-metadata';
import { Body, Controller, Get, HttpCode, Module, Post } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';

@Controller()
class EmptyController {
  @Post(['/warden/allowed', '/warden/token/allowed', '/access/v1/evaluation', '/access/v1/evaluations'])
  @HttpCode(200)
  allowed(@Body() body: { subject?: string }): { allowed: boolean } {
    return { allowed: body.subject !== undefined };
  }

  @Get('/health/alive')
  alive(): object {
    return {};
  }
}

@Module({ controllers: [EmptyController] })
class EmptyModule {}

const app = await NestFactory.create<NestFastifyApplication>(EmptyModule, new FastifyAdapter(), { logger: false });
await app.listen(Number(process.env['PORT']), 'localhost');
process.stdout.write('ready\n');
