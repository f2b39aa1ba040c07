import { createHash } from 'node:crypto';

import type { logoutV1 } from '@castellan/rpc';
import type { HttpAnswer } from '@castellan/service';

import { escapeHtml, htmlPage } from './error-page.js';

/**
 * Goes on when every frame has loaded, or after a while without those that do not. ECMAScript 5: a browser that cannot
 * read it would leave its user on this page, and the clients untold.
 */
const SCRIPT = `
var frames = document.querySelectorAll('iframe');
var left = frames.length;
function go() { location.replace(document.querySelector('a').href); }
function loaded() { left -= 1; if (left === 0) go(); }
if (left === 0) go();
for (var i = 0; i < frames.length; i += 1) {
  frames[i].addEventListener('load', loaded);
  frames[i].src = frames[i].getAttribute('data-src');
}
setTimeout(go, 4000);
`;
const SCRIPT_HASH = createHash('sha256').update(SCRIPT).digest('base64');
const NOSCRIPT_SECONDS = 4;

/** A host source of a Content-Security-Policy, and nothing that would end it (CSP Level 3 section 2.3.1). */
const SOURCE = /^https?:\/\/(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]+)?$/;

/** Asks the user. The form works only in the browser that holds the cookie of this request. */
export function confirmLogoutPage(challenge: string): HttpAnswer {
  return htmlPage(200, 'Log out?', [
    '<p>Do you want to log out here, and of the applications that you signed in to from here?</p>',
    '<form method="post" action="/oauth2/sessions/logout">',
    `<input type="hidden" name="logout_challenge" value="${escapeHtml(challenge)}">`,
    '<p><button type="submit">Log out</button></p>',
    '</form>',
    '<p>If you did not ask for this, close the page: nothing has changed.</p>',
  ]);
}

/** Where a browser ends whose logout no application asked for, or said where to go. */
export function loggedOutPage(): HttpAnswer {
  return htmlPage(200, 'You are logged out', ['<p>You can close this page.</p>']);
}

/**
 * Loads a page of each client in a frame, so that it ends its own session (OpenID Connect Front-Channel Logout 1.0 section
 * 3), and goes on. Without frames it only goes on: from a form, whose policy lets no redirect leave this origin.
 * Only those origins may be framed, and only this script runs.
 */
export function framesPage({ location, frames }: logoutV1.LoggedOut): HttpAnswer {
  const target = escapeHtml(location);
  const page = htmlPage(
    200,
    'Logging you out',
    [
      `<p>The applications are told. <a href="${target}">Continue</a></p>`,
      ...frames.map((frame) => `<iframe hidden title="" data-src="${escapeHtml(frame)}"></iframe>`),
      '<noscript>',
      ...frames.map((frame) => `<iframe hidden title="" src="${escapeHtml(frame)}"></iframe>`),
      '</noscript>',
      `<script>${SCRIPT}</script>`,
    ],
    `<noscript><meta http-equiv="refresh" content="${NOSCRIPT_SECONDS};url=${target}"></noscript>`,
  );
  const origins = [...new Set(frames.map((frame) => new URL(frame).origin))].filter((origin) => SOURCE.test(origin));
  const frameSource = origins.length > 0 ? `frame-src ${origins.join(' ')}; ` : '';
  return {
    ...page,
    headers: {
      ...page.headers,
      'content-security-policy':
        `default-src 'none'; style-src 'self'; script-src 'sha256-${SCRIPT_HASH}'; ` +
        `${frameSource}base-uri 'none'; form-action 'none'; frame-ancestors 'none'`,
    },
  };
}
