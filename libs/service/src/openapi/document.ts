import { STATUS_CODES } from 'node:http';

import { type JsonSchema, writeSchema } from './api-schema.js';
import type { ApiAnswer, ApiDescription, ApiOperation, ApiParameters } from './operation.js';

type Json = { readonly [name: string]: unknown };

/** An OpenAPI document, as far as it is read here again. */
export type OpenapiDocument = {
  readonly openapi: string;
  readonly paths: Readonly<Record<string, Readonly<Record<string, Json>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, JsonSchema>> } & Json;
} & Json;

/**
 * Writes the OpenAPI 3.1 document of an HTTP API from the descriptions of its operations. The same descriptions make the
 * same text.
 *
 * @throws Error when two operations have an ID or a place in common, or one has no tag of the description
 */
export function writeDocument(api: ApiDescription, version: string): OpenapiDocument {
  refuseDoubles(api);
  const found: Components = { schemas: new Map(), responses: new Map() };
  const paths: Record<string, Record<string, Json>> = {};
  for (const operation of api.operations) {
    const path = operation.path.replaceAll(/:(\w+)/g, '{$1}');
    (paths[path] ??= {})[operation.method.toLowerCase()] = writeOperation(operation, found);
  }
  return {
    openapi: '3.1.0',
    info: {
      title: api.title,
      version,
      description: api.description,
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: '/', description: 'The origin that serves this document' }],
    tags: Object.entries(api.tags).map(([name, description]) => ({ name, description })),
    paths,
    components: {
      schemas: byName(found.schemas),
      responses: byName(found.responses),
      securitySchemes: api.securitySchemes,
    },
  };
}

/** What operations refer to, by name. */
type Components = { readonly schemas: Map<string, JsonSchema>; readonly responses: Map<string, Json> };

function byName<T>(found: ReadonlyMap<string, T>): Readonly<Record<string, T>> {
  return Object.fromEntries([...found].sort(([one], [other]) => (one < other ? -1 : 1)));
}

/** Descriptions of one origin that serves several APIs; what they have in common stands once. */
export function joinDescriptions(
  { title, description }: Pick<ApiDescription, 'title' | 'description'>,
  descriptions: readonly ApiDescription[],
): ApiDescription {
  const places = new Map<string, ApiOperation>();
  for (const { operations } of descriptions) {
    for (const operation of operations) {
      const place = `${operation.method} ${operation.path}`;
      if (!places.has(place)) places.set(place, operation);
    }
  }
  return {
    title,
    description,
    tags: Object.assign({}, ...descriptions.map(({ tags }) => tags)) as ApiDescription['tags'],
    securitySchemes: Object.assign(
      {},
      ...descriptions.map(({ securitySchemes }) => securitySchemes),
    ) as ApiDescription['securitySchemes'],
    operations: [...places.values()],
  };
}

function refuseDoubles({ operations, tags }: ApiDescription): void {
  const seen = new Set<string>();
  for (const { id, method, path, tag } of operations) {
    for (const name of [id, `${method} ${path.replaceAll(/:\w+/g, ':')}`]) {
      if (seen.has(name)) throw new Error(`two operations are ${name}`);
      seen.add(name);
    }
    if (!Object.hasOwn(tags, tag)) throw new Error(`the operation ${id} has the unknown tag ${tag}`);
  }
}

function writeOperation(operation: ApiOperation, found: Components): Json {
  const { schemas } = found;
  const { id, tag, summary, description, deprecated, body, security, answers } = operation;
  const parameters = [
    ...Object.entries(operation.pathParameters).map(([name, text]) => ({
      name,
      in: 'path',
      required: true,
      description: text,
      schema: { type: 'string', minLength: 1, maxLength: 255 },
    })),
    ...writeParameters('query', operation.query, schemas),
    ...writeParameters('header', operation.headers, schemas),
  ];
  return {
    operationId: id,
    tags: [tag],
    summary,
    ...(description === undefined ? {} : { description }),
    ...(deprecated === true ? { deprecated } : {}),
    ...(parameters.length === 0 ? {} : { parameters }),
    ...(body === undefined
      ? {}
      : {
          requestBody: {
            required: body.required,
            content: { [body.type ?? 'application/json']: { schema: writeSchema(body.schema, schemas) } },
          },
        }),
    security,
    responses: Object.fromEntries(
      Object.entries(answers).map(([status, answer]) => [status, referToAnswer(Number(status), answer, found)]),
    ),
  };
}

function writeParameters(
  place: 'query' | 'header',
  parameters: ApiParameters | undefined,
  schemas: Map<string, JsonSchema>,
): readonly Json[] {
  return Object.entries(parameters ?? {}).map(([name, { description, schema, required, deprecated }]) => ({
    name,
    in: place,
    description,
    ...(required === true ? { required } : {}),
    ...(deprecated === true ? { deprecated } : {}),
    schema: writeSchema(schema, schemas),
  }));
}

function referToAnswer(status: number, answer: ApiAnswer, { schemas, responses }: Components): Json {
  const { name } = answer;
  if (name === undefined) return writeAnswer(status, answer, schemas);
  if (!responses.has(name)) responses.set(name, writeAnswer(status, answer, schemas));
  return { $ref: `#/components/responses/${name}` };
}

function writeAnswer(
  status: number,
  { description, schema, type, otherTypes = {} }: ApiAnswer,
  schemas: Map<string, JsonSchema>,
): Json {
  const content = {
    ...(schema === undefined ? {} : { [type ?? 'application/json']: schema }),
    ...otherTypes,
  };
  return {
    description: description === '' ? (STATUS_CODES[status] ?? 'Answer') : description,
    ...(Object.keys(content).length === 0
      ? {}
      : {
          content: Object.fromEntries(
            Object.entries(content).map(([name, each]) => [name, { schema: writeSchema(each, schemas) }]),
          ),
        }),
  };
}
