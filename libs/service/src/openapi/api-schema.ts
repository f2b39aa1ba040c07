import { z } from 'zod';

/** The schemas that have a name of their own in the documents; a name stands for one schema. */
const names = z.registry<{ readonly id: string }>();

/** Gives a schema a name, by which documents refer to it. */
export function named<T extends z.ZodType>(id: string, schema: T): T {
  names.add(schema, { id });
  return schema;
}

/** JSON Schema (2020-12), as OpenAPI 3.1 takes it. */
export type JsonSchema = { readonly [keyword: string]: unknown };

const definitions = '#/$defs/';
const components = '#/components/schemas/';

/**
 * Writes what a schema takes as JSON Schema; schemas with a name are referred to and added to `found`. What JSON Schema
 * cannot say (a duration of Go, the text of a policy) is the type that it is written as.
 *
 * @throws Error when two schemas have one name
 */
export function writeSchema(schema: z.ZodType, found: Map<string, JsonSchema>): JsonSchema {
  const {
    $schema: _dialect,
    $defs = {},
    ...root
  } = z.toJSONSchema(schema, {
    metadata: names,
    io: 'input',
    unrepresentable: 'any',
    override: ({ zodSchema, jsonSchema }) => {
      if (zodSchema._zod.def.type === 'custom') jsonSchema.type = 'object';
      // The pattern of a date-time says no more than its format, at great length.
      if (jsonSchema.format !== undefined) delete jsonSchema.pattern;
      // That is said by contentEncoding; there is no such format.
      if (jsonSchema.format === 'base64') delete jsonSchema.format;
    },
  });
  for (const [name, definition] of Object.entries($defs)) {
    if (name.startsWith('__')) throw new Error('a schema that holds itself needs a name');
    const written = referring(definition) as JsonSchema;
    if (JSON.stringify(found.get(name) ?? written) !== JSON.stringify(written)) {
      throw new Error(`two schemas are named ${name}`);
    }
    found.set(name, written);
  }
  return referring(root) as JsonSchema;
}

/** The same with references into the document in the place of those into the schema. */
function referring(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(referring);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, each]) => [
      name,
      name === '$ref' && typeof each === 'string' ? each.replace(definitions, components) : referring(each),
    ]),
  );
}
