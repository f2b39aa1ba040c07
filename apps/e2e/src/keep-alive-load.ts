import { Agent, request } from 'node:https';

/** A request that is sent again and again. */
export type LoadRequest = {
  readonly name: string;
  readonly url: string;
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  /** Whether an answer is what it should be. */
  isGood(status: number, text: string): boolean;
};

/** What became of the requests so far. */
export type LoadReport = {
  readonly answered: number;
  /** Answers that were not good, and requests that got none; each with what it was. */
  readonly failures: readonly string[];
};

/** A load that runs until it is stopped. */
export type Load = {
  report(): LoadReport;
  stop(): Promise<LoadReport>;
};

type Sent = { readonly status: number; readonly text: string };

function send(agent: Agent, { url, method = 'GET', headers, body }: LoadRequest): Promise<Sent> {
  return new Promise((resolve, reject) => {
    const sent = request(url, { agent, method, headers: { ...headers } }, (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (part: string) => (text += part));
      response.on('error', reject);
      response.on('end', () => resolve({ status: response.statusCode ?? 0, text }));
    });
    sent.setTimeout(15_000, () => sent.destroy(new Error('no answer in 15 s')));
    sent.on('error', reject);
    sent.end(body);
  });
}

/**
 * Sends the requests in turn over `connections` connections that are kept alive, each one after the answer to the one
 * before. Nothing is repeated: what gets no good answer is a failure.
 */
export function startLoad(requests: readonly LoadRequest[], connections: number): Load {
  let answered = 0;
  let isOver = false;
  const failures: string[] = [];

  async function client(number: number): Promise<void> {
    const agent = new Agent({ keepAlive: true, maxSockets: 1, rejectUnauthorized: false });
    for (let turn = number; !isOver; turn++) {
      const next = requests[turn % requests.length];
      if (next === undefined) break;
      try {
        const { status, text } = await send(agent, next);
        if (next.isGood(status, text)) answered++;
        else failures.push(`${next.name}: ${status} ${text.slice(0, 200)}`);
      } catch (error) {
        failures.push(`${next.name}: ${error instanceof Error ? error.message : String(error)}`);
      }
    }
    agent.destroy();
  }

  const clients = Array.from({ length: connections }, (_, number) => client(number));
  const report = (): LoadReport => ({ answered, failures: [...failures] });
  return {
    report,
    async stop() {
      isOver = true;
      await Promise.all(clients);
      return report();
    },
  };
}
