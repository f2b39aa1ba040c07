import { authorize } from '../consent-player.js';
import { type Answer, Browser, send } from '../http.js';
import { type Product, rootToken } from '../product.js';
import type { Observation } from './history.js';

const redirectUri = 'http://localhost:9010/callback';
const client = ['faulted', 'faulted-secret'] as const;

/** Traffic of one kind of client, and what it saw. */
export type Traffic = {
  readonly history: Observation[];
  /** Answers that are neither the right ones nor an outage: an error must fail closed, and say 5xx. */
  readonly odd: string[];
  /** Logs in, redeems the code twice at once, asks about the token, revokes it and asks again. Takes whatever comes. */
  round(): Promise<void>;
};

/** Registers the client of the traffic. */
export async function prepareTraffic(product: Product): Promise<void> {
  const answer = await send(`${product.adminUrl}/clients`, {
    bearer: await rootToken(product),
    json: {
      id: client[0],
      client_secret: client[1],
      redirect_uris: [redirectUri],
      grant_types: ['authorization_code', 'refresh_token'],
      response_types: ['code'],
      scope: 'openid offline',
    },
  });
  if (answer.status !== 201) throw new Error(`no client: ${answer.status} ${answer.text}`);
}

/** `aheadSeconds`: how far the clock of the database, and so that of the consent app, is ahead of this process. */
export function createTraffic(product: Product, aheadSeconds = 0): Traffic {
  const history: Observation[] = [];
  const odd: string[] = [];

  async function observe(
    kind: Observation['kind'],
    key: string,
    sent: Promise<Answer>,
    judge: (answer: Answer) => Observation['result'] | undefined,
  ): Promise<Answer | undefined> {
    const startedAt = performance.now();
    const answer = await sent.catch(() => undefined);
    const endedAt = performance.now();
    const judged = answer === undefined ? 'unknown' : judge(answer);
    if (answer !== undefined && judged === undefined && answer.status < 500)
      odd.push(`${kind}: ${answer.status} ${answer.text.slice(0, 200)}`);
    history.push({ kind, key, startedAt, endedAt, result: judged ?? 'unknown' });
    return judged === 'done' ? answer : undefined;
  }

  const post = (route: string, form: Readonly<Record<string, string>>): Promise<Answer> =>
    send(`${product.publicUrl}${route}`, { form, basic: client });

  function redeem(code: string): Promise<Answer | undefined> {
    const form = { grant_type: 'authorization_code', code, redirect_uri: redirectUri };
    return observe('redeem', code.slice(0, 20), post('/oauth2/token', form), ({ status, text }) =>
      status === 200 ? 'done' : status === 400 && text.includes('invalid_grant') ? 'refused' : undefined,
    );
  }

  function introspect(token: string): Promise<unknown> {
    return observe('introspect', token.slice(0, 20), post('/oauth2/introspect', { token }), ({ status, text }) =>
      status === 200 ? (text.includes('"active":true') ? 'active' : 'inactive') : undefined,
    );
  }

  return {
    history,
    odd,
    async round() {
      const query = new URLSearchParams({
        client_id: client[0],
        redirect_uri: redirectUri,
        response_type: 'code',
        scope: 'openid offline',
        state: 'state-of-the-traffic',
        nonce: 'nonce-of-the-traffic',
      });
      const url = `${product.publicUrl}/oauth2/auth?${query}`;
      const code = await authorize(product, new Browser(), url, {
        claims: { iat: Math.floor(Date.now() / 1000) + aheadSeconds },
      }).then(
        ({ callback }) => callback.searchParams.get('code') ?? undefined,
        () => undefined,
      );
      if (code === undefined) return;
      const [one, two] = await Promise.all([redeem(code), redeem(code)]);
      const answer = one ?? two;
      if (answer === undefined) return;
      const { access_token: token } = JSON.parse(answer.text) as { access_token: string };
      await introspect(token);
      const asked = Promise.all([introspect(token), introspect(token)]);
      await observe('revoke', token.slice(0, 20), post('/oauth2/revoke', { token }), ({ status }) =>
        status === 200 ? 'done' : undefined,
      );
      await asked;
      for (let again = 0; again < 4; again++) await introspect(token);
    },
  };
}

/** Runs rounds of several clients at once until told to stop; answers what all of them saw. */
export function startTraffic(product: Product, clients: number, aheadSeconds = 0) {
  let isOver = false;
  const all = Array.from({ length: clients }, () => createTraffic(product, aheadSeconds));
  const running = all.map(async (one) => {
    while (!isOver) await one.round();
  });
  return {
    async stop() {
      isOver = true;
      await Promise.all(running);
      return { history: all.flatMap(({ history }) => history), odd: all.flatMap(({ odd }) => odd) };
    },
  };
}

/** Milliseconds until a root client gets a token again. */
export async function recovery(product: Product, limitMs: number): Promise<number> {
  const startedAt = performance.now();
  for (;;) {
    const token = await rootToken(product).catch(() => undefined);
    const took = performance.now() - startedAt;
    if (token !== undefined || took > limitMs) return took;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
