import { createHash } from 'node:crypto';

import type { tokenV1 } from '@castellan/rpc';
import type { HttpAnswer } from '@castellan/service';

import { escapeHtml } from './error-page.js';

const SCRIPT = 'document.forms[0].submit()';
const SCRIPT_HASH = createHash('sha256').update(SCRIPT).digest('base64');

/**
 * Makes the page that posts an authorization response to the client (OAuth 2.0 Form Post Response Mode section 2). Only
 * the script with that hash runs; without scripts a button does it.
 */
export function formPostPage({ action, fields }: tokenV1.FormPost): HttpAnswer {
  const inputs = fields.map(
    ({ name, value }) => `<input type="hidden" name="${escapeHtml(name)}" value="${escapeHtml(value)}">`,
  );
  const body = [
    '<!doctype html>',
    '<html lang="en"><head><meta charset="utf-8"><title>Back to the application</title></head><body>',
    `<form method="post" action="${escapeHtml(action)}">`,
    ...inputs,
    '<noscript><p>Press the button to go on.</p><button type="submit">Continue</button></noscript>',
    '</form>',
    `<script>${SCRIPT}</script>`,
    '</body></html>',
    '',
  ].join('\n');
  return {
    status: 200,
    headers: {
      'cache-control': 'no-store',
      pragma: 'no-cache',
      'content-security-policy': `default-src 'none'; script-src 'sha256-${SCRIPT_HASH}'; base-uri 'none'; frame-ancestors 'none'`,
      'content-type': 'text/html; charset=utf-8',
      // With no-referrer browsers would send `Origin: null`, which clients that check it refuse.
      'referrer-policy': 'strict-origin',
      'x-content-type-options': 'nosniff',
    },
    body,
  };
}
