import { freePorts } from '../machine/ports.js';
import { start } from '../machine/program.js';
import { untilAnswers } from './http.js';

/** The least a server can do for an answer of the same size. */
export type Floor = { readonly url: string; readonly pid: number; output(): string; stop(): Promise<void> };

/** Starts Fastify serving fixed documents (`bytes`), or Nest on Fastify with an empty handler (`nest`). */
export async function startFloor(
  kind: 'bytes' | 'nest',
  documents: Readonly<Record<string, string>>,
  cores: string | undefined,
): Promise<Floor> {
  const [port = 0] = await freePorts(1);
  const running = start(`apps/bench/dist/peers/fastify-${kind}-program.js`, {
    env: { PORT: String(port), DOCUMENTS: JSON.stringify(documents) },
    cores,
  });
  const url = `http://localhost:${port}`;
  await running.until(/^ready$/m).catch(async (cause: unknown) => {
    await running.stop();
    throw cause;
  });
  await untilAnswers(`${url}/health/alive`, running.output);
  return { url, pid: running.pid, output: running.output, stop: () => running.stop() };
}
