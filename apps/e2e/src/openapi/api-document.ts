import type { OpenapiDocument } from '@castellan/service';
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';

type Json = { readonly [name: string]: unknown };

/** An answer as the document says it. */
export type DocumentedAnswer = {
  readonly description: string;
  readonly content?: Readonly<Record<string, { readonly schema: Json }>>;
};

/** An operation as the document says it. */
export type DocumentedOperation = {
  readonly operationId: string;
  readonly tags: readonly string[];
  readonly summary?: string;
  readonly deprecated?: boolean;
  readonly parameters?: readonly {
    readonly name: string;
    readonly in: string;
    readonly description?: string;
    readonly required?: boolean;
    readonly schema: Json;
  }[];
  readonly requestBody?: {
    readonly required: boolean;
    readonly content: Readonly<Record<string, { readonly schema: Json }>>;
  };
  readonly security: readonly Readonly<Record<string, readonly string[]>>[];
  readonly responses: Readonly<Record<string, DocumentedAnswer>>;
};

/** An operation with its place, the answers that it refers to put in. */
export type Operation = DocumentedOperation & { readonly method: string; readonly path: string };

/** Every operation of a document. */
export function operationsIn(document: OpenapiDocument): readonly Operation[] {
  const named = document.components['responses'] as Readonly<Record<string, DocumentedAnswer>>;
  return Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, raw]) => {
      const operation = raw as unknown as DocumentedOperation;
      const responses = Object.entries(operation.responses).map(([status, answer]) => {
        const { $ref } = answer as { $ref?: string };
        return [status, $ref === undefined ? answer : found(named, $ref)] as const;
      });
      return { ...operation, responses: Object.fromEntries(responses), method: method.toUpperCase(), path };
    }),
  );
}

function found(answers: Readonly<Record<string, DocumentedAnswer>>, reference: string): DocumentedAnswer {
  const answer = answers[reference.replace('#/components/responses/', '')];
  if (answer === undefined) throw new Error(`${reference} leads nowhere`);
  return answer;
}

/** Makes validators of the schemas of a document. A schema that is none, or that refers to nothing, throws. */
export function schemaValidators(document: OpenapiDocument): (schema: Json) => ValidateFunction {
  const ajv = new Ajv2020({ strict: true, allowUnionTypes: true, allErrors: true });
  addFormats.default(ajv);
  ajv.addSchema({ $id: 'api', $defs: inOneSchema(document.components.schemas) as Json });
  const made = new Map<Json, ValidateFunction>();
  return (schema) => {
    const validate = made.get(schema) ?? ajv.compile(inOneSchema(schema) as Json);
    made.set(schema, validate);
    return validate;
  };
}

/** References into the document, as references into the one schema that holds all of its schemas. */
function inOneSchema(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(inOneSchema);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, each]) => [
      name,
      name === '$ref' && typeof each === 'string'
        ? each.replace('#/components/schemas/', 'api#/$defs/')
        : inOneSchema(each),
    ]),
  );
}
