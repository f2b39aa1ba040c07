import { type DynamicModule, RequestMethod, type Type } from '@nestjs/common';
import { METHOD_METADATA, PATH_METADATA } from '@nestjs/common/constants.js';
import { openapiOf } from '@castellan/service';
import { afterEach, describe, expect, it } from 'vitest';

import type { GatewayConfig } from '../gateway.config.js';
import { GatewayModule } from '../gateway.module.js';
import { startTestGateway, type TestGateway } from '../testing/gateway-app.js';
import { gatewayApi } from './gateway-api.js';

const consentUrl = 'https://consent.example';

/** Every method and path that the controllers of a module and of its imports serve. */
function servedBy({ controllers = [], imports = [] }: DynamicModule): readonly string[] {
  const own = (controllers as readonly Type[]).flatMap((controller) => {
    const base: unknown = Reflect.getMetadata(PATH_METADATA, controller);
    return Object.values(Object.getOwnPropertyDescriptors(controller.prototype)).flatMap(({ value }) => {
      if (typeof value !== 'function' || !Reflect.hasMetadata(METHOD_METADATA, value)) return [];
      const method = RequestMethod[Reflect.getMetadata(METHOD_METADATA, value) as number] ?? '';
      const parts = [base, Reflect.getMetadata(PATH_METADATA, value)].flatMap((part) => String(part).split('/'));
      return [
        `${method} /${parts
          .filter((part) => part !== '')
          .join('/')
          .replaceAll(/:(\w+)/g, '{$1}')}`,
      ];
    });
  });
  return [...own, ...imports.flatMap((each) => servedBy(each as DynamicModule))];
}

let gateway: TestGateway | undefined;
afterEach(async () => {
  await gateway?.close();
  gateway = undefined;
});

describe('the OpenAPI document of the public endpoints', () => {
  it.each<[string, GatewayConfig]>([
    ['with a consent app', { consentUrl, openapi: true }],
    ['without one', { openapi: true }],
  ])('has every endpoint that is served, and no other: %s', (_name, config) => {
    const document = openapiOf(gatewayApi(config));
    const places = Object.entries(document.paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
    );
    expect(places.sort()).toEqual([...servedBy(GatewayModule.forRoot(config))].sort());
  });

  it('is served where it is switched on, and only there', async () => {
    gateway = await startTestGateway({ consentUrl, openapi: true });
    const response = await gateway.request({ url: '/openapi.json' });
    expect([response.statusCode, response.headers['content-type']]).toEqual([200, 'application/json']);
    expect(response.json()).toEqual(JSON.parse(JSON.stringify(openapiOf(gatewayApi({ consentUrl })))));
    await gateway.close();
    for (const config of [{}, { openapi: false }]) {
      gateway = await startTestGateway(config);
      expect((await gateway.request({ url: '/openapi.json' })).statusCode).toBe(404);
      await gateway.close();
    }
    gateway = undefined;
  });

  it('names the parameters that the rules of the authorization endpoint read', () => {
    const { paths } = openapiOf(gatewayApi({}));
    const parameters = paths['/oauth2/auth']?.['get']?.['parameters'] as readonly { readonly name: string }[];
    const names = parameters.map(({ name }) => name);
    expect(names).toEqual(
      expect.arrayContaining(['client_id', 'response_type', 'code_challenge', 'resource', 'prompt']),
    );
  });
});
