import formbody from '@fastify/formbody';
import Fastify from 'fastify';
import { createClientCredentials, createLoginConsentClient } from '../login-consent.js';

const { CASTELLAN_URL = 'https://localhost:4444', CLIENT_ID = 'my-login-app', CLIENT_SECRET = '' } = process.env;
const credentials = { clientId: CLIENT_ID, clientSecret: CLIENT_SECRET, scope: 'hydra.consent' };
const tokens = createClientCredentials({ tokenUrl: `${CASTELLAN_URL}/oauth2/token`, ...credentials });
const castellan = createLoginConsentClient({ adminUrl: CASTELLAN_URL, tokens });

export const app = Fastify();
await app.register(formbody);
type Challenge<Kind extends string> = { Querystring: Record<`${Kind}_challenge`, string>; Body: { password: string } };

app.get<Challenge<'login'>>('/login', async ({ query }, reply) => {
  const { skip, subject } = await castellan.login.get(query.login_challenge);
  if (skip) return reply.redirect((await castellan.login.accept(query.login_challenge, { subject })).redirect_to);
  return reply.type('text/html').send('<form method="post">Password <input type="password" name="password"></form>');
});
app.post<Challenge<'login'>>('/login', async ({ query, body }, reply) => {
  if (body.password !== process.env['PASSWORD']) return reply.code(401).send('No.');
  const acceptance = { subject: 'user:1', amr: ['pwd'], remember: true, remember_for: 3600 };
  return reply.redirect((await castellan.login.accept(query.login_challenge, acceptance)).redirect_to);
});
app.get<Challenge<'consent'>>('/consent', async ({ query }, reply) => {
  const { requested_scope } = await castellan.consent.get(query.consent_challenge);
  const acceptance = { grant_scope: requested_scope ?? [], session: { id_token: { name: 'The only user' } } };
  return reply.redirect((await castellan.consent.accept(query.consent_challenge, acceptance)).redirect_to);
});
app.get<Challenge<'logout'>>('/logout', async ({ query }, reply) =>
  reply.redirect((await castellan.logout.accept(query.logout_challenge)).redirect_to),
);
