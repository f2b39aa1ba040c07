import type { tokenV1 } from '@castellan/rpc';
import type { HttpAnswer } from '@castellan/service';

import { errorHeaders } from './oauth-error.js';
import { PAGE_STYLE_PATH } from './page-style.js';
import { errorBody, OAUTH_JSON } from './token-answer.js';

/** No script, no frame, no form target: nothing that an echoed value could use, were the escaping ever to fail. */
const PAGE_SECURITY_POLICY =
  "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

const PAGE_HEADERS: Readonly<Record<string, string>> = {
  'cache-control': 'no-store',
  'content-security-policy': PAGE_SECURITY_POLICY,
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
};

/**
 * Makes the error page of the authorization endpoint, shown where no redirect URI may be trusted (RFC 6749
 * section 4.1.2.1). HTML unless the caller prefers JSON; every value is escaped; there is never a Location.
 */
export function errorPage(
  error: tokenV1.OAuth2Error,
  accept: string | undefined,
  title = 'The authorization request failed',
): HttpAnswer {
  const headers = errorHeaders(error, undefined);
  if (prefersJson(accept)) {
    return {
      status: error.status,
      headers: { ...headers, ...PAGE_HEADERS, 'content-type': OAUTH_JSON },
      body: errorBody(error),
    };
  }
  const hint = error.hint !== '' ? `<p>${escapeHtml(error.hint)}</p>` : '';
  const page = htmlPage(error.status, title, [
    `<p><code>${escapeHtml(error.error)}</code></p>`,
    `<p>${escapeHtml(error.description)}</p>${hint}`,
  ]);
  return { ...page, headers: { ...headers, ...page.headers } };
}

/** Makes the page that stands in for the consent app while none is configured. */
export function misconfiguredConsentPage(): HttpAnswer {
  return htmlPage(200, 'Misconfigured consent endpoint', [
    '<p>This server does not know where its consent app is, so nobody can log in here yet.</p>',
    '<p>If you are the administrator, set the environment variable <code>CONSENT_URL</code> to the URL of your ' +
      'consent app and start the server again.</p>',
    '<p>If you came here from an application, please tell its operator.</p>',
  ]);
}

/** Escapes text for HTML element content and quoted attribute values. */
export function escapeHtml(text: string): string {
  return text.replace(/[&<>"'`=/]/g, (character) => `&#${character.codePointAt(0)};`);
}

/** Makes a page of trusted markup under a plain title; `head` is more of it for the head. */
export function htmlPage(status: number, title: string, markup: readonly string[], head = ''): HttpAnswer {
  const body = [
    '<!doctype html>',
    '<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">',
    `<title>${title}</title><link rel="stylesheet" href="${PAGE_STYLE_PATH}">${head}</head>`,
    `<body><main><h1>${title}</h1>`,
    ...markup,
    '</main></body></html>',
    '',
  ].join('\n');
  return {
    status,
    headers: { ...PAGE_HEADERS, 'content-type': 'text/html; charset=utf-8' },
    body,
  };
}

/** Whether `Accept` ranks `application/json` above `text/html` (RFC 9110 section 12.5.1; `*` counts for HTML). */
function prefersJson(accept: string | undefined): boolean {
  const ranges = (accept ?? '').toLowerCase().split(',').map(mediaRange);
  const json = Math.max(0, ...ranges.filter((range) => range.type === 'application/json').map((range) => range.weight));
  const html = Math.max(0, ...ranges.filter((range) => range.type === 'text/html').map((range) => range.weight));
  return json > html;
}

function mediaRange(text: string): { readonly type: string; readonly weight: number } {
  const [type = '', ...parameters] = text.split(';').map((part) => part.trim());
  const quality = parameters.find((parameter) => parameter.startsWith('q='));
  const weight = quality === undefined ? 1 : Number(quality.slice(2));
  return { type, weight: weight >= 0 && weight <= 1 ? weight : 0 };
}
