// Discovery, a token of the root client, a decision of the Warden: what must work before anybody is told that it does.
import http from 'node:http';
import https from 'node:https';

const {
  SMOKE_PUBLIC_URL: publicUrl = '',
  SMOKE_ADMIN_URL: adminUrl = '',
  SMOKE_ISSUER: issuer = '',
  SMOKE_CREDENTIALS: credentials = '',
} = process.env;

/** Sends a request inside the cluster; the certificate of the pods is the issuer's, whatever their Service is called. */
function send(url, { method = 'GET', headers = {}, body } = {}) {
  const client = url.startsWith('https:') ? https : http;
  const options = {
    method,
    // Where a proxy ends TLS, we stand in its place.
    headers: { 'x-forwarded-proto': 'https', ...headers },
    servername: new URL(issuer).hostname,
    signal: AbortSignal.timeout(10_000),
  };
  return new Promise((resolve, reject) => {
    const request = client.request(url, options, (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (chunk) => (text += chunk));
      response.on('end', () => resolve({ status: response.statusCode, text }));
    });
    request.on('error', reject);
    request.end(body);
  });
}

async function ask(what, url, init) {
  const answer = await send(url, init);
  if (answer.status !== 200) throw new Error(`${what}: ${url} answered ${answer.status}`);
  return JSON.parse(answer.text);
}

function expect(what, isTrue) {
  if (!isTrue) throw new Error(`${what}: not so`);
  process.stdout.write(`ok ${what}\n`);
}

try {
  const discovery = await ask('discovery', `${publicUrl}/.well-known/openid-configuration`);
  expect('the discovery document names the issuer', discovery.issuer === issuer.replace(/\/$/, ''));

  const colon = credentials.indexOf(':');
  const [id, secret] = [credentials.slice(0, colon), credentials.slice(colon + 1)];
  const basic = Buffer.from(`${encodeURIComponent(id)}:${encodeURIComponent(secret)}`).toString('base64');
  const token = await ask('token', `${publicUrl}/oauth2/token`, {
    method: 'POST',
    headers: { authorization: `Basic ${basic}`, 'content-type': 'application/x-www-form-urlencoded' },
    body: 'grant_type=client_credentials&scope=hydra',
  });
  expect('the token endpoint issues an access token', typeof token.access_token === 'string');

  const decision = await ask('warden', `${adminUrl}/warden/allowed`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token.access_token}`, 'content-type': 'application/json' },
    body: JSON.stringify({ subject: 'nobody-at-all', action: 'smoke', resource: 'rn:castellan:smoke' }),
  });
  expect('the Warden denies what no policy allows', decision.allowed === false);
} catch (error) {
  process.stderr.write(`failed ${error.message}\n`);
  process.exitCode = 1;
}
