import { formOf, type Page } from './browser.js';
import type { Stage } from './stage.js';

/** Where a consent challenge of the JWT flow leads. */
export function consentPath(challenge: string): string {
  return `/consent?challenge=${encodeURIComponent(challenge)}`;
}

/** Signs in for a consent challenge; answers the consent page, or what comes instead. */
export async function signIn(
  { browser }: Stage,
  challenge: string,
  credentials: { email?: string; password?: string } = {},
): Promise<Page> {
  const form = formOf(await browser.open(consentPath(challenge)), '/login');
  return browser.submit(form.action, { ...form.fields, email: 'dan@acme.com', password: 'secret', ...credentials });
}

/** Submits a consent page as it was proposed, but for the fields given. */
export async function decide({ browser }: Stage, page: Page, fields: Record<string, string | string[]>): Promise<Page> {
  const form = formOf(page, '/consent');
  return browser.submit(form.action, { ...form.fields, ...fields });
}
