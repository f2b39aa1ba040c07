import { describe, expect, it } from 'vitest';
import { z } from 'zod';

import { durationSchema } from '../config.js';
import { named, writeSchema, type JsonSchema } from './api-schema.js';
import { joinDescriptions, writeDocument } from './document.js';
import type { ApiDescription, ApiOperation } from './operation.js';

const operation: ApiOperation = {
  id: 'read',
  method: 'GET',
  path: '/things/:id',
  tag: 'things',
  summary: 'Read a thing',
  pathParameters: { id: 'Its ID.' },
  security: [],
  answers: {
    200: { description: 'The thing.', schema: z.string() },
    404: { name: 'Gone', description: 'There is none.' },
  },
};

const api = (...operations: readonly ApiOperation[]): ApiDescription => ({
  title: 'Things',
  description: 'Things.',
  tags: { things: 'Things.' },
  securitySchemes: {},
  operations,
});

describe('an OpenAPI document', () => {
  it('is written from the descriptions', () => {
    const document = writeDocument(api(operation), '1.2.3');
    expect(document.paths['/things/{id}']?.['get']).toEqual({
      operationId: 'read',
      tags: ['things'],
      summary: 'Read a thing',
      parameters: [
        {
          name: 'id',
          in: 'path',
          required: true,
          description: 'Its ID.',
          schema: expect.objectContaining({ type: 'string' }),
        },
      ],
      security: [],
      responses: {
        200: { description: 'The thing.', content: { 'application/json': { schema: { type: 'string' } } } },
        404: { $ref: '#/components/responses/Gone' },
      },
    });
    expect(document.components).toMatchObject({ responses: { Gone: { description: 'There is none.' } } });
    expect(document).toMatchObject({ openapi: '3.1.0', info: { title: 'Things', version: '1.2.3' } });
  });

  it('has no two operations of one ID or at one place, and no unknown tag', () => {
    expect(() => writeDocument(api(operation, { ...operation, path: '/other' }), '1')).toThrow('read');
    const elsewhere = { ...operation, id: 'again', path: '/things/:name' };
    expect(() => writeDocument(api(operation, elsewhere), '1')).toThrow('GET /things/:');
    expect(() => writeDocument(api({ ...operation, tag: 'stuff' }), '1')).toThrow('stuff');
  });

  it('of two APIs on one origin says once what both say', () => {
    const other = { ...api(operation, { ...operation, id: 'write', method: 'PUT' }), tags: { things: 'Things.' } };
    const joined = joinDescriptions({ title: 'Both', description: 'Both.' }, [api(operation), other]);
    expect(joined.operations.map(({ id }) => id)).toEqual(['read', 'write']);
  });
});

describe('a schema in a document', () => {
  const write = (schema: z.ZodType, found = new Map<string, JsonSchema>()) =>
    [writeSchema(schema, found), found] as const;

  it('says what is taken on the wire', () => {
    const [body] = write(z.object({ overlap: durationSchema.nullish(), id: z.string() }));
    expect(body).toEqual({
      type: 'object',
      properties: { overlap: { type: ['string', 'null'] }, id: { type: 'string' } },
      required: ['id'],
    });
    expect(write(z.iso.datetime())[0]).toEqual({ type: 'string', format: 'date-time' });
    expect(write(z.custom<object>((value) => typeof value === 'object'))[0]).toEqual({ type: 'object' });
  });

  it('is referred to by its name, and a name stands for one schema', () => {
    const thing = named('TestThing', z.strictObject({ id: z.string() }));
    const [list, found] = write(z.array(thing));
    expect(list).toEqual({ type: 'array', items: { $ref: '#/components/schemas/TestThing' } });
    expect(found.get('TestThing')).toMatchObject({ additionalProperties: false, required: ['id'] });
    const other = named('TestThing', z.strictObject({ name: z.string() }));
    expect(() => write(other, found)).toThrow('two schemas are named TestThing');
  });
});
