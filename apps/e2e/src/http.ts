import http from 'node:http';
import https from 'node:https';

/** An HTTP answer with its body read. */
export type Answer = {
  readonly status: number;
  readonly headers: http.IncomingHttpHeaders;
  readonly text: string;
};

/** What to send. */
export type Request = {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  /** Form fields; a list sends a name several times. */
  readonly form?: Readonly<Record<string, string>> | readonly (readonly [string, string])[];
  readonly json?: unknown;
  readonly basic?: readonly [string, string];
  readonly bearer?: string;
};

/** Sends one request; redirects are not followed. Self-signed certificates are taken: nothing here leaves loopback. */
export function send(url: string, request: Request = {}): Promise<Answer> {
  const { body, type } = encode(request);
  const headers: Record<string, string> = { ...request.headers };
  if (type !== undefined) headers['Content-Type'] ??= type;
  if (body !== undefined) headers['Content-Length'] = String(Buffer.byteLength(body));
  if (request.basic !== undefined)
    headers['Authorization'] =
      `Basic ${Buffer.from(request.basic.map(encodeURIComponent).join(':')).toString('base64')}`;
  if (request.bearer !== undefined) headers['Authorization'] = `Bearer ${request.bearer}`;
  const method = request.method ?? (body === undefined ? 'GET' : 'POST');
  return new Promise((resolve, reject) => {
    const options = { method, headers, rejectUnauthorized: false, agent: false } as https.RequestOptions;
    const sent = (url.startsWith('https:') ? https : http).request(url, options, (incoming) => {
      let text = '';
      incoming.on('data', (chunk: Buffer) => (text += chunk.toString()));
      incoming.on('error', reject);
      incoming.on('end', () => resolve({ status: incoming.statusCode ?? 0, headers: incoming.headers, text }));
    });
    sent.on('error', reject);
    sent.end(body);
  });
}

function encode(request: Request): { body?: string; type?: string } {
  if (request.json !== undefined) return { body: JSON.stringify(request.json), type: 'application/json' };
  if (request.form !== undefined) {
    const pairs = Array.isArray(request.form)
      ? (request.form as [string, string][])
      : Object.entries(request.form as Record<string, string>);
    return { body: new URLSearchParams(pairs).toString(), type: 'application/x-www-form-urlencoded' };
  }
  return request.body === undefined ? {} : { body: request.body };
}

/** A browser without a screen: keeps cookies per origin, follows redirects when told, fills in plain HTML forms. */
export class Browser {
  private readonly jars = new Map<string, Map<string, string>>();

  /** Sends a request with this browser's cookies; redirects are not followed. */
  async send(url: string, request: Request = {}): Promise<Answer> {
    const jar = this.jar(url);
    const cookies = [...jar].map(([name, value]) => `${name}=${value}`).join('; ');
    const headers = { ...request.headers, ...(cookies === '' ? {} : { Cookie: cookies }) };
    const answer = await send(url, { ...request, headers: { Accept: 'text/html', ...headers } });
    for (const line of answer.headers['set-cookie'] ?? []) this.keep(jar, line);
    return answer;
  }

  /** Follows redirects from `url` until a page comes, or until the location begins with `stopAt`. */
  async follow(url: string, stopAt?: string, request: Request = {}): Promise<{ url: string; answer: Answer }> {
    let at = url;
    let next: Request = request;
    for (let hops = 0; hops < 20; hops++) {
      if (stopAt !== undefined && at.startsWith(stopAt))
        return { url: at, answer: { status: 0, headers: {}, text: '' } };
      const answer = await this.send(at, next);
      const location = answer.headers.location;
      if (answer.status < 300 || answer.status >= 400 || location === undefined) return { url: at, answer };
      at = new URL(location, at).href;
      next = {};
    }
    throw new Error('too many redirects');
  }

  /** Submits the form of a page that has the given fields, with its hidden ones. */
  async submit(
    page: { readonly url: string; readonly answer: Answer },
    fields: readonly (readonly [string, string])[],
    stopAt?: string,
  ): Promise<{ url: string; answer: Answer }> {
    const forms = [...page.answer.text.matchAll(/<form[^>]*>.*?<\/form>/gs)].map(([text]) => text);
    const form = forms.find((text) => fields.every(([name]) => text.includes(`name="${name}"`))) ?? '';
    const action = attribute(/<form[^>]*>/.exec(form)?.[0] ?? '', 'action');
    const hidden = [...form.matchAll(/<input[^>]*type="hidden"[^>]*>/g)].map(
      ([input]) => [attribute(input, 'name'), attribute(input, 'value')] as const,
    );
    const target = new URL(unescapeHtml(action), page.url).href;
    return this.follow(target, stopAt, { method: 'POST', form: [...hidden, ...fields] });
  }

  /** Names of the cookies for an origin. */
  cookieNames(url: string): string[] {
    return [...this.jar(url).keys()];
  }

  /** The cookies for an origin, for a browser with a screen. */
  cookies(url: string): { name: string; value: string; domain: string; path: string; secure: boolean }[] {
    const { hostname: domain, protocol } = new URL(url);
    const secure = protocol === 'https:';
    return [...this.jar(url)].map(([name, value]) => ({ name, value, domain, path: '/', secure }));
  }

  /** Forgets every cookie. */
  clear(): void {
    this.jars.clear();
  }

  private jar(url: string): Map<string, string> {
    const { hostname } = new URL(url);
    const jar = this.jars.get(hostname) ?? new Map<string, string>();
    this.jars.set(hostname, jar);
    return jar;
  }

  private keep(jar: Map<string, string>, line: string): void {
    const [pair = '', ...attributes] = line.split(';').map((part) => part.trim());
    const name = pair.slice(0, pair.indexOf('='));
    const value = pair.slice(pair.indexOf('=') + 1);
    const gone = attributes.some((each) => /^max-age=0$/i.test(each)) || value === '';
    if (gone) jar.delete(name);
    else jar.set(name, value);
  }
}

function attribute(tag: string, name: string): string {
  return unescapeHtml(new RegExp(`${name}="([^"]*)"`).exec(tag)?.[1] ?? '');
}

/** The entities that our pages and the consent app's use. */
export function unescapeHtml(text: string): string {
  return text
    .replaceAll('&quot;', '"')
    .replaceAll('&#39;', "'")
    .replaceAll('&#x27;', "'")
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&amp;', '&');
}
