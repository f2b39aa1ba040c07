import { Agent, request } from 'node:http';
import { connect } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { createTestAuthority } from '../testing/certificates.js';
import type { HttpTransport } from './transport.js';
import { closeAll, listen, open } from '../testing/http-app.js';

type Answer = { readonly status: number | undefined; readonly connection: string | undefined };

function get(agent: Agent, port: number): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const sent = request({ agent, port, host: '127.0.0.1', path: '/clients' }, (response) => {
      response.resume();
      response.on('end', () => resolve({ status: response.statusCode, connection: response.headers.connection }));
    });
    // Of a kept connection, in the middle of its life: that request is lost.
    sent.on('error', (error) => reject(sent.reusedSocket ? new Error('lost', { cause: error }) : error));
    sent.end();
  });
}

afterEach(closeAll);

describe('an HTTP app that goes down', () => {
  it('loses no request of clients that keep their connections', async () => {
    const http = await open();
    const port = await listen(http.app);
    let answered = 0;
    const failures: string[] = [];
    let gone = 0;
    /** Sends one request after the other until nobody listens any more. */
    async function keepAsking(): Promise<void> {
      const agent = new Agent({ keepAlive: true, maxSockets: 1 });
      for (;;) {
        try {
          const { status } = await get(agent, port);
          if (status === 200) answered++;
          else failures.push(`status ${status}`);
        } catch (error) {
          // A new connection that nobody takes: a balancer asks another replica.
          if (error instanceof Error && error.message === 'lost') failures.push(String(error.cause));
          gone++;
          return agent.destroy();
        }
      }
    }
    const clients = Array.from({ length: 24 }, keepAsking);
    while (answered < 500) await new Promise((resolve) => setImmediate(resolve));
    await http.close();
    await Promise.all(clients);
    expect(failures).toEqual([]);
    expect(gone).toBe(24);
  });

  it('answers what comes on an idle connection, and asks the client to leave it', async () => {
    const http = await open();
    const port = await listen(http.app);
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    expect((await get(agent, port)).connection).toBe('keep-alive');
    const closed = http.close();
    expect(await get(agent, port)).toEqual({ status: 200, connection: 'close' });
    await closed;
    await expect(get(agent, port)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  });

  it('does not wait for connections that stay idle longer than a second', async () => {
    const http = await open();
    const port = await listen(http.app);
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    await get(agent, port);
    const startedAt = performance.now();
    await http.close();
    expect(performance.now() - startedAt).toBeLessThan(5_000);
    agent.destroy();
  });

  it.each([
    ['http', { kind: 'http' }],
    ['https, before its handshake', { kind: 'https' }],
  ] as const)('does not wait for a connection on which nothing comes (%s)', async (_name, transport) => {
    const http = await open(transport.kind === 'http' ? { transport } : { transport: await certified() });
    const port = await listen(http.app);
    const silent = connect(port, '127.0.0.1');
    const closed = new Promise((resolve) => silent.once('close', resolve));
    silent.on('error', () => undefined);
    await new Promise((resolve) => silent.once('connect', resolve));
    const startedAt = performance.now();
    await http.close();
    await closed;
    expect(performance.now() - startedAt).toBeLessThan(5_000);
  });
});

async function certified(): Promise<HttpTransport> {
  const authority = await createTestAuthority();
  return { kind: 'https', certificate: await authority.issue([{ type: 'dns', value: 'localhost' }]) };
}
