/** A page as a browser without JavaScript sees it. */
export type Page = { readonly status: number; readonly url: string; readonly html: string; readonly headers: Headers };
export type Form = { readonly action: string; readonly fields: Record<string, string | string[]> };

/** A browser with cookies and forms and nothing else; it follows redirects within `origin` only. */
export type Browser = {
  open(path: string): Promise<Page>;
  submit(path: string, fields: Record<string, string | string[]>): Promise<Page>;
  cookies: Map<string, string>;
  lastSetCookie: string | undefined;
};

export function openBrowser(origin: string): Browser {
  const cookies = new Map<string, string>();
  const browser: Browser = {
    cookies,
    lastSetCookie: undefined,
    open: (path) => load(path, {}),
    submit(path, fields) {
      const body = new URLSearchParams();
      for (const [name, values] of Object.entries(fields))
        for (const value of [values].flat()) body.append(name, value);
      return load(path, { method: 'POST', body });
    },
  };

  async function load(path: string, init: RequestInit): Promise<Page> {
    const url = new URL(path, origin).toString();
    const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    const response = await fetch(url, { ...init, redirect: 'manual', headers: cookie === '' ? {} : { cookie } });
    for (const line of response.headers.getSetCookie()) {
      browser.lastSetCookie = line;
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
      if (/expires=Thu, 01 Jan 1970/i.test(line)) cookies.delete(name);
      else cookies.set(name, value);
    }
    const html = await response.text();
    const location = response.headers.get('location');
    if (location !== null && new URL(location, origin).origin === origin) return load(location, {});
    return { status: response.status, url: location ?? url, html, headers: response.headers };
  }

  return browser;
}

/** The form of a page that posts to this path (without its query). */
export function formOf(page: Page, path: string): Form {
  for (const [, action = '', content = ''] of page.html.matchAll(/<form[^>]*action="([^"]*)"[^>]*>(.*?)<\/form>/gs)) {
    if (unescape(action).split('?')[0] !== path) continue;
    const fields: Form['fields'] = {};
    for (const [tag] of content.matchAll(/<input[^>]*>/g)) {
      const name = attribute(tag, 'name');
      const value = attribute(tag, 'value');
      if (attribute(tag, 'type') === 'checkbox') fields[name] = [...[fields[name] ?? []].flat(), value];
      else fields[name] = value;
    }
    return { action: unescape(action), fields };
  }
  throw new Error(`no form for ${path} in the page`);
}

function attribute(tag: string, name: string): string {
  return unescape(new RegExp(` ${name}="([^"]*)"`).exec(tag)?.[1] ?? '');
}

function unescape(text: string): string {
  return text
    .replaceAll('&quot;', '"')
    .replaceAll('&#39;', "'")
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&amp;', '&');
}
