import { type ApiAnswer, named } from '@castellan/service';
import { z } from 'zod';

/** An OAuth 2.0 error (RFC 6749 section 5.2), with the original's `statusCode`. */
export const oauthErrorSchema = named(
  'OAuth2Error',
  z.strictObject({
    error: z.string(),
    error_description: z.string(),
    error_hint: z.string().optional(),
    statusCode: z.int(),
  }),
);

const texts = {
  400: 'The request is refused; `error` says why.',
  401: 'The client, or the token, is not authenticated.',
  403: 'The caller may not do this.',
  413: 'The body is too large.',
  415: 'The body has another media type.',
  429: 'There are too many of these.',
  503: 'A service behind this endpoint does not answer at the moment.',
} as const;

type Status = keyof typeof texts;

/** The errors of an endpoint that answers JSON. */
export function oauthErrors(...statuses: readonly Status[]): Readonly<Record<number, ApiAnswer>> {
  return Object.fromEntries(
    [...statuses, 429, 503].map((status) => [
      status,
      { name: `OAuth2Error${status}`, description: texts[status as Status], schema: oauthErrorSchema },
    ]),
  );
}

/** The errors of an endpoint that a browser comes to: a page, or JSON where that is preferred. */
export function pageErrors(...statuses: readonly Status[]): Readonly<Record<number, ApiAnswer>> {
  return Object.fromEntries(
    [...statuses, 429, 503].map((status) => [
      status,
      {
        name: `ErrorPage${status}`,
        description: `${texts[status as Status]} A page, or JSON where the caller prefers it.`,
        schema: oauthErrorSchema,
        otherTypes: { 'text/html': z.string() },
      },
    ]),
  );
}
