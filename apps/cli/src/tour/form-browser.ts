import type { HttpAnswer, HttpClient } from '../http-client.js';

/** A page that a browser ended on. */
export type Page = { readonly url: string; readonly status: number; readonly html: string };

/** The browser of the tour: follows redirects, keeps cookies, fills in plain HTML forms. No scripts, no pictures. */
export type FormBrowser = {
  open(url: string): Promise<Page>;
  /** Submits the last form of the page with what it proposes and the fields given. Throws when there is none. */
  submit(page: Page, fields: Readonly<Record<string, string>>): Promise<Page>;
};

type Cookie = { readonly value: string; readonly isSecure: boolean };

const maxRedirects = 20;

export function createFormBrowser(http: HttpClient): FormBrowser {
  // Cookies do not tell ports apart (RFC 6265, section 8.5), but hosts.
  const cookies = new Map<string, Map<string, Cookie>>();

  async function request(method: 'GET' | 'POST', url: string, body?: string): Promise<Page> {
    let step = { method, url, ...(body !== undefined ? { body } : {}) };
    for (let count = 0; count < maxRedirects; count++) {
      const answer = await http({ ...step, headers: headersFor(step) });
      keepCookies(step.url, answer);
      const location = answer.headers['location'];
      if (answer.status < 300 || answer.status > 399 || typeof location !== 'string') {
        return { url: step.url, status: answer.status, html: answer.body };
      }
      step = { method: 'GET', url: new URL(location, step.url).href };
    }
    throw new Error('too many redirects');
  }

  function headersFor(step: { url: string; body?: string }): Record<string, string> {
    const { hostname, protocol } = new URL(step.url);
    const cookie = [...(cookies.get(hostname) ?? [])]
      .filter(([, { isSecure }]) => !isSecure || protocol === 'https:')
      .map(([name, { value }]) => `${name}=${value}`)
      .join('; ');
    return {
      Accept: 'text/html',
      ...(cookie !== '' ? { Cookie: cookie } : {}),
      ...(step.body !== undefined
        ? { 'Content-Type': 'application/x-www-form-urlencoded', Origin: new URL(step.url).origin }
        : {}),
    };
  }

  function keepCookies(url: string, answer: HttpAnswer): void {
    const { hostname } = new URL(url);
    const jar = cookies.get(hostname) ?? new Map<string, Cookie>();
    for (const line of [answer.headers['set-cookie'] ?? []].flat()) {
      const [pair = ''] = line.split(';');
      const at = pair.indexOf('=');
      if (/;\s*max-age=0\b/i.test(line)) jar.delete(pair.slice(0, at));
      else jar.set(pair.slice(0, at), { value: pair.slice(at + 1), isSecure: /;\s*secure\b/i.test(line) });
    }
    cookies.set(hostname, jar);
  }

  return {
    open: (url) => request('GET', url),
    submit: (page, fields) => {
      const form = lastForm(page);
      for (const [name, value] of Object.entries(fields)) form.values.set(name, value);
      return request('POST', form.action, form.values.toString());
    },
  };
}

function lastForm(page: Page): { action: string; values: URLSearchParams } {
  const form = [...page.html.matchAll(/<form\b([^>]*)>([\s\S]*?)<\/form>/g)].at(-1);
  if (form === undefined) throw new Error(`no form on ${page.url.split('?')[0]} (${page.status})`);
  const values = new URLSearchParams();
  for (const [tag] of (form[2] ?? '').matchAll(/<input\b[^>]*>/g)) {
    const name = attribute(tag, 'name');
    const isOff = attribute(tag, 'type') === 'checkbox' && !/\schecked\b/.test(tag);
    if (name !== undefined && !isOff) values.append(name, attribute(tag, 'value') ?? '');
  }
  return { action: new URL(attribute(form[1] ?? '', 'action') ?? '', page.url).href, values };
}

function attribute(tag: string, name: string): string | undefined {
  const value = new RegExp(`\\s${name}="([^"]*)"`).exec(tag)?.[1];
  return value === undefined ? undefined : unescapeHtml(value);
}

const entities: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"' };

function unescapeHtml(text: string): string {
  return text.replace(/&(?:#(\d+)|#x([0-9a-f]+)|(\w+));/gi, (whole, decimal?: string, hex?: string, name?: string) => {
    if (decimal !== undefined) return String.fromCodePoint(Number(decimal));
    if (hex !== undefined) return String.fromCodePoint(parseInt(hex, 16));
    return entities[name ?? ''] ?? whole;
  });
}
