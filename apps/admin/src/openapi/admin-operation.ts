import type { ApiAnswer, ApiBody, ApiParameters } from '@castellan/service';
import type { z } from 'zod';

/** Names of the parameters in a path. */
type PathParameter<Path extends string> = Path extends `${string}:${infer Name}/${infer Rest}`
  ? Name | PathParameter<`/${Rest}`>
  : Path extends `${string}:${infer Name}`
    ? Name
    : never;

/** What is said of a route of the admin API beside its place, its scope and its query, which the route says itself. */
export type AdminOperation<Path extends string = string> = {
  readonly tag: string;
  readonly summary: string;
  readonly description?: string;
  readonly headers?: ApiParameters;
  readonly body?: ApiBody;
  /** What it answers when it does what it is asked for, by status. */
  readonly answers: Readonly<Record<number, ApiAnswer>>;
  /** Statuses of refusals beside those that follow from the route. */
  readonly refusals?: readonly number[];
} & ([PathParameter<Path>] extends [never]
  ? { readonly parameters?: undefined }
  : { readonly parameters: Readonly<Record<PathParameter<Path>, string>> });

/** Descriptions of some routes; the table of all of them says whether they fit. */
export type SomeOperations = Readonly<
  Record<string, Omit<AdminOperation, 'parameters'> & { readonly parameters?: Readonly<Record<string, string>> }>
>;

/** A JSON body that must be there. */
export function body(schema: z.ZodType, type?: string): ApiBody {
  return { schema, required: true, ...(type === undefined ? {} : { type }) };
}

/** A JSON body that may be left out. */
export function optionalBody(schema: z.ZodType): ApiBody {
  return { schema, required: false };
}

export function ok(description: string, schema: z.ZodType): Readonly<Record<number, ApiAnswer>> {
  return { 200: { description, schema } };
}

export function created(description: string, schema: z.ZodType): Readonly<Record<number, ApiAnswer>> {
  return { 201: { description, schema } };
}

export function done(description: string): Readonly<Record<number, ApiAnswer>> {
  return { 204: { description } };
}
