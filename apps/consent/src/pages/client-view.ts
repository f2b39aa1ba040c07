import type { RequestingClient } from '@castellan/sdk/login-consent';
import { displayText } from './display-text.js';
import type { Client } from './page-data.js';
import type { Pages } from './pages.js';

/**
 * The client as a page shows it: by its name and its id, with links of https. A logo that the client names by URL is not
 * loaded, neither by the browser (it would tell the client's server who is deciding, and the page would have to allow
 * images from anywhere) nor by this app: logos are files of this app.
 */
export function clientView(metadata: RequestingClient, pages: Pages): Client {
  const id = metadata.client_id ?? '';
  const name = displayText(textOf(metadata.client_name));
  return {
    id: displayText(id),
    name: name === '' ? undefined : name,
    ...definedEntries({
      logo: pages.logoOf(id),
      website: linkOf(metadata.client_uri),
      policy: linkOf(metadata.policy_uri),
      terms: linkOf(metadata.tos_uri),
    }),
  };
}

/** The host that an answer goes to, or the scheme of a native app. */
export function describeTarget(redirectUri: string | undefined): string | undefined {
  if (redirectUri === undefined || !URL.canParse(redirectUri)) return undefined;
  const { protocol, host } = new URL(redirectUri);
  return displayText(['http:', 'https:'].includes(protocol) ? host : protocol);
}

function linkOf(value: unknown): string | undefined {
  const text = textOf(value);
  if (!URL.canParse(text)) return undefined;
  const { protocol, href, username, password } = new URL(text);
  return protocol === 'https:' && username === '' && password === '' ? href : undefined;
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function definedEntries<T extends Record<string, string | undefined>>(values: T): { [Key in keyof T]?: string } {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as {
    [Key in keyof T]?: string;
  };
}
