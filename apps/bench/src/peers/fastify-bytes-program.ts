// Fastify serving the same bytes that the product serves: the most that a handler on this server can reach.
import fastify from 'fastify';

const documents = JSON.parse(process.env['DOCUMENTS'] ?? '{}') as Record<string, string>;
const app = fastify();
app.get('/health/alive', () => ({}));
for (const [path, text] of Object.entries(documents)) {
  const body = Buffer.from(text);
  app.get(path, (_request, reply) => reply.type('application/json; charset=utf-8').send(body));
}
await app.listen({ port: Number(process.env['PORT']), host: 'localhost' });
process.stdout.write('ready\n');
