import {
  applyDecorators,
  Controller,
  Inject,
  Injectable,
  RequestMapping,
  RequestMethod,
  SetMetadata,
  UseGuards,
  type CanActivate,
  type ExecutionContext,
  type Type,
} from '@nestjs/common';
import { GUARDS_METADATA, PATH_METADATA } from '@nestjs/common/constants.js';
import { Reflector } from '@nestjs/core';
import { parseQueryParameters } from '@castellan/service';
import type { FastifyRequest } from 'fastify';

import { authorize, type AccessControl, type AccessGrant } from './access.js';
import { callOptionsOf } from './admin-request.js';
import { readBearerToken } from './bearer-token.js';
import { declareRoute } from './declared-query.js';
import type { AdminCall } from './access-questions.js';
import type { AdminRoute } from './admin-route.js';

/** Token of the `AccessControl` that the guard asks. */
export const ACCESS_CONTROL = Symbol('ACCESS_CONTROL');

const ACCESS = Symbol('ACCESS');

const grants = new WeakMap<FastifyRequest, AccessGrant>();

/** What the guard allowed this request. A request that it did not see has no grant: a fault. */
export function grantOf(request: FastifyRequest): AccessGrant {
  const grant = grants.get(request);
  if (grant === undefined) {
    throw new Error('the request did not pass the access guard');
  }
  return grant;
}

/** Asks the Warden before a handler of the admin API runs; a handler without `@Access` never runs. */
@Injectable()
export class AccessGuard implements CanActivate {
  constructor(
    @Inject(ACCESS_CONTROL) private readonly access: AccessControl,
    @Inject(Reflector) private readonly reflector: Reflector,
  ) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const route = this.reflector.get<AdminRoute | undefined>(ACCESS, context.getHandler());
    if (route === undefined) {
      throw new Error('a route of the admin API declares no access');
    }
    const request = context.switchToHttp().getRequest<FastifyRequest>();
    declareRoute(request, route);
    const call = adminCallOf(request);
    const presented = readBearerToken(request.headers.authorization, call.query);
    grants.set(request, await authorize(this.access, route, call, presented, callOptionsOf(request)));
    return true;
  }
}

/** Maps a handler to a route of the table and declares what a caller needs for it. */
export function Access(route: AdminRoute): MethodDecorator {
  return applyDecorators(
    RequestMapping({ method: RequestMethod[route.method], path: [route.path, ...(route.aliases ?? [])] }),
    SetMetadata(ACCESS, route),
  );
}

/** A controller of the admin API: behind the access guard. */
export function AdminController(): ClassDecorator {
  return applyDecorators(Controller(), UseGuards(AccessGuard));
}

/**
 * Refuses to start with a controller outside the guard, or with a route that declares no access.
 * @returns the routes that the controllers serve
 */
export function requireAccess(controllers: readonly Type[]): readonly AdminRoute[] {
  return controllers.flatMap((controller) => {
    const guards: unknown = Reflect.getMetadata(GUARDS_METADATA, controller);
    if (!Array.isArray(guards) || !guards.includes(AccessGuard)) {
      throw new Error(`${controller.name} is not behind the access guard`);
    }
    return handlersOf(controller).map(([name, handler]) => {
      const route: AdminRoute | undefined = Reflect.getMetadata(ACCESS, handler);
      if (route === undefined) {
        throw new Error(`${controller.name}.${name} declares no access`);
      }
      return route;
    });
  });
}

function handlersOf(controller: Type): readonly (readonly [name: string, handler: object])[] {
  return Object.entries(Object.getOwnPropertyDescriptors(controller.prototype)).flatMap(([name, { value }]) =>
    name !== 'constructor' && typeof value === 'function' && Reflect.hasMetadata(PATH_METADATA, value)
      ? [[name, value] as const]
      : [],
  );
}

function adminCallOf(request: FastifyRequest): AdminCall {
  return {
    params: request.params as Readonly<Record<string, string>>,
    query: parseQueryParameters(request.url),
    body: request.body,
  };
}
