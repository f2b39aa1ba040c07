import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { Eta } from 'eta/core';
import type { ScopeText } from './scopes.js';

/** What each page shows. Everything here is escaped by the templates. */
export type PageData = {
  readonly welcome: {
    readonly title: string;
    readonly serverUrl: string;
    readonly user: Person | undefined;
    readonly formToken: string;
    readonly demo: boolean;
  };
  readonly login: {
    readonly title: string;
    readonly action: string;
    readonly formToken: string;
    readonly client: Client | undefined;
    readonly cancelUrl: string | undefined;
    readonly login: string;
    readonly error: string | undefined;
    readonly demo: boolean;
  };
  readonly consent: {
    readonly title: string;
    readonly action: string;
    readonly formToken: string;
    readonly logoutToken: string;
    readonly challenge: string;
    readonly client: Client;
    readonly returnsTo: string | undefined;
    readonly scopes: readonly ScopeText[];
    readonly user: Person;
    readonly error: string | undefined;
  };
  readonly message: {
    readonly title: string;
    readonly message: string;
    readonly code: string | undefined;
    readonly advice: string | undefined;
    readonly facts: readonly (readonly [name: string, value: string])[];
  };
};

export type Person = { readonly name: string; readonly email: string };
export type Client = { readonly id: string; readonly name: string | undefined };
export type Asset = { readonly path: string; readonly type: string; readonly content: Buffer };
export type Pages = {
  render<Page extends keyof PageData>(page: Page, data: PageData[Page]): string;
  readonly assets: readonly Asset[];
};

// Both src/ and dist/ lie beside these folders.
const VIEWS = new URL('../views/', import.meta.url);
const PUBLIC = new URL('../public/', import.meta.url);

/** Reads and compiles the templates and reads the static files, once. */
export function loadPages(): Pages {
  const stylesheet = readFileSync(new URL('consent.css', PUBLIC));
  const icon = readFileSync(new URL('icon.svg', PUBLIC));
  const version = createHash('sha256').update(stylesheet).digest('hex').slice(0, 12);
  const eta = new Eta({ autoEscape: true });
  for (const file of readdirSync(VIEWS)) {
    eta.loadTemplate(`@${file.replace(/\.eta$/, '')}`, readFileSync(new URL(file, VIEWS), 'utf8'));
  }
  const stylesheetPath = `/assets/consent-${version}.css`;
  return {
    render: (page, data) => eta.render(`@${page}`, { ...data, stylesheetPath }),
    assets: [
      { path: stylesheetPath, type: 'text/css; charset=utf-8', content: stylesheet },
      { path: '/assets/icon.svg', type: 'image/svg+xml', content: icon },
    ],
  };
}
