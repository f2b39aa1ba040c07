import { randomBytes } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseRootCredentials } from '@castellan/admin';
import { basicCredentials } from '../basic-credentials.js';
import type { CommandCall } from '../command.js';
import { createHttpClient, type HttpClient } from '../http-client.js';
import { members } from '../json.js';
import { CommandError } from '../terminal.js';
import { createFormBrowser, type FormBrowser } from './form-browser.js';
import { begin, run, showAnswer, showStep, type Narration } from './narration.js';
import { findStage, freePort } from './stage.js';

type Tour = Narration & {
  readonly http: HttpClient;
  readonly browser: FormBrowser;
  /** Tells its clients apart from those of other tours on the same server. */
  readonly suffix: string;
};

/** The command `tour`: plays the tutorial and fails at the first step that does not answer as it should. */
export async function tour(call: CommandCall): Promise<void> {
  const startedAt = performance.now();
  const stage = await findStage(call);
  const home = await mkdtemp(join(tmpdir(), 'castellan-tour-home-'));
  try {
    const http = createHttpClient({ caPem: await readFile(stage.certificate, 'utf8') });
    const browser = createFormBrowser(http);
    const suffix = randomBytes(3).toString('hex');
    const playing: Tour = { call, stage, http, browser, home, suffix, secrets: new Set(), step: 0 };
    call.print(
      stage.isOwn
        ? `Nothing is running, so the tour started Castellan on ${stage.clusterUrl} with a folder of its own.`
        : `The tour is played against ${stage.clusterUrl}, which is running.`,
    );
    await play(playing);
    const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
    call.print(`\nThe tour is over: ${playing.step} steps, all as they should be, in ${seconds} s.`);
  } finally {
    await rm(home, { recursive: true, force: true });
    await stage.close();
  }
}

async function play(tour: Tour): Promise<void> {
  const { stage, suffix } = tour;
  const root = parseRootCredentials((await readFile(stage.rootCredentials, 'utf8')).trim());
  tour.secrets.add(root.secret);

  await run(tour, 'Connect the command line to the server', ['connect'], {
    stdin: `${stage.clusterUrl}\n${root.id}\n${root.secret}\n`,
    expect: /Done\.\n$/,
  });
  const access = (
    await run(tour, 'Get an access token for the connected client', ['token', 'client'], { expect: /^\S+\.\S+\n$/ })
  ).trim();
  await run(tour, 'Ask what the token is worth', ['token', 'validate', access], { expect: /"active": true,/ });

  const consentApp = `consent-app-${suffix}`;
  await run(
    tour,
    'Register a consent app',
    [
      'clients',
      'create',
      '--id',
      consentApp,
      '--name',
      'Consent App Client',
      '--grant-types',
      'client_credentials',
    ].concat(['--response-types', 'token', '--allowed-scopes', 'hydra.keys.get']),
    { expect: /^Client ID: .+\nClient Secret: .+\n$/ },
  );
  await run(
    tour,
    'Let it read the keys of the consent flow',
    ['policies', 'create', '--actions', 'get', '--allow', '--id', `${consentApp}-policy`, '--resources'].concat([
      'rn:hydra:keys:hydra.consent.<.*>',
      '--subjects',
      consentApp,
    ]),
    { expect: /^Created policy/ },
  );
  await run(
    tour,
    'Ask the Warden about it',
    ['warden', 'check', consentApp, 'get', 'rn:hydra:keys:hydra.consent.response:private'],
    { expect: /"allowed": true/ },
  );

  const consumer = `some-consumer-${suffix}`;
  const callback = `http://localhost:${await freePort()}/callback`;
  const created = await run(
    tour,
    'Register a consumer app',
    ['clients', 'create', '--id', consumer, '-g', 'authorization_code,refresh_token,client_credentials', '-r'].concat([
      'token,code,id_token',
      '--allowed-scopes',
      'openid,offline,hydra.clients',
      '--callbacks',
      callback,
    ]),
    { expect: /^Client ID: .+\nClient Secret: .+\n$/ },
  );
  const consumerSecret = /Client Secret: (.+)\n/.exec(created)?.[1] ?? '';
  const asConsumer = { CLIENT_ID: consumer, CLIENT_SECRET: consumerSecret };

  const tokens = await tokenUser(tour, callback, asConsumer);
  await run(tour, 'Ask what the new access token is worth', ['token', 'validate', tokens.access], {
    expect: /"sub": "user:12345:dandean"/,
  });
  const refreshed = await refresh(tour, tokens.refresh, asConsumer);
  await run(tour, 'Revoke it again', ['token', 'revoke', refreshed], { env: asConsumer, expect: /^Revoked token/ });
  await run(tour, 'Now it is worth nothing', ['token', 'validate', refreshed], {
    exitCode: 1,
    expect: /^Could not validate token: : Token is inactive/,
  });
  await run(tour, 'Tidy up', ['clients', 'delete', consentApp, consumer], { expect: /^Client\(s\) deleted\.\n$/ });
  await run(tour, 'Tidy up, the policy too', ['policies', 'delete', `${consentApp}-policy`], {
    expect: /deleted\.\n$/,
  });
}

/** `token user` with the browser's part played: log in, allow everything, and come back with the code. */
async function tokenUser(
  tour: Tour,
  callback: string,
  consumer: { readonly CLIENT_ID: string; readonly CLIENT_SECRET: string },
): Promise<{ access: string; refresh: string }> {
  const args = [
    'token',
    'user',
    '--id',
    consumer.CLIENT_ID,
    '--secret-stdin',
    '--scopes',
    'openid,offline,hydra.clients',
  ];
  args.push('--redirect', callback, '--listen-port', new URL(callback).port, '--no-open');
  showStep(tour, 'Get tokens for a user, who logs in and consents in a browser', [
    tour.call.terminal.programName,
    ...args,
  ]);
  const running = begin(tour, args, { stdin: `${consumer.CLIENT_SECRET}\n` });
  let isOver = false;
  running.ended.then(
    () => (isOver = true),
    () => (isOver = true),
  );
  let url: string | undefined;
  while (url === undefined && !isOver) {
    url = /\n\t(https:\S+)\n/.exec(running.stdout)?.[1];
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  if (url !== undefined) {
    const { browser } = tour;
    const login = await browser.open(url);
    showAnswer(tour, `(browser) ${titleOf(login.html)}: dan@acme.com, secret\n`);
    const consent = await browser.submit(login, { email: 'dan@acme.com', password: 'secret' });
    showAnswer(tour, `(browser) ${titleOf(consent.html)}: all scopes\n`);
    const last = await browser.submit(consent, { decision: 'allow' });
    showAnswer(tour, `(browser) ${titleOf(last.html)}\n`);
    if (last.status !== 200)
      throw new CommandError(`The browser ended on ${last.url.split('?')[0]} with ${last.status}.`);
  }
  const answer = await running.ended;
  const token = (name: string): string => new RegExp(`^${name}:\\n\\t(\\S+)$`, 'm').exec(answer)?.[1] ?? '';
  const tokens = { access: token('Access Token'), refresh: token('Refresh Token') };
  for (const one of [tokens.access, tokens.refresh, token('ID Token')]) {
    if (one === '') throw new CommandError('A token is missing.');
    tour.secrets.add(one);
  }
  showAnswer(tour, answer.slice(answer.indexOf('Access Token:')));
  return tokens;
}

async function refresh(
  tour: Tour,
  refreshToken: string,
  consumer: { readonly CLIENT_ID: string; readonly CLIENT_SECRET: string },
): Promise<string> {
  const url = `${tour.stage.clusterUrl}/oauth2/token`;
  const form = { grant_type: 'refresh_token', refresh_token: refreshToken };
  tour.secrets.add(consumer.CLIENT_SECRET);
  showStep(tour, 'Exchange the refresh token for a new pair', [
    ...['curl', '--cacert', tour.stage.certificate, '-u', `${consumer.CLIENT_ID}:${consumer.CLIENT_SECRET}`],
    ...Object.entries(form).flatMap(([name, value]) => ['-d', `${name}=${value}`]),
    url,
  ]);
  const answer = await tour.http({
    method: 'POST',
    url,
    headers: {
      Authorization: basicCredentials(consumer.CLIENT_ID, consumer.CLIENT_SECRET),
      'Content-Type': 'application/x-www-form-urlencoded',
    },
    body: new URLSearchParams(form).toString(),
  });
  const body = members(JSON.parse(answer.body));
  for (const name of ['access_token', 'refresh_token', 'id_token']) {
    if (typeof body[name] === 'string') tour.secrets.add(body[name]);
  }
  showAnswer(tour, `${JSON.stringify(body)}\n`);
  const access = body['access_token'];
  if (answer.status !== 200 || typeof access !== 'string')
    throw new CommandError(`The refresh answered ${answer.status}.`);
  return access;
}

function titleOf(html: string): string {
  return /<title>([^<]*)<\/title>/.exec(html)?.[1] ?? 'a page without a title';
}
