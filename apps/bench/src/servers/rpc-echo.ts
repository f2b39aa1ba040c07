import { freePorts } from '../machine/ports.js';
import { start } from '../machine/program.js';

/** A gRPC server that answers at once. */
export type RpcEcho = { readonly target: string; readonly pid: number; output(): string; stop(): Promise<void> };

/** Starts it with the certificate that the variables name. */
export async function startRpcEcho(
  certificatePaths: Readonly<Record<string, string>>,
  cores: string | undefined,
): Promise<RpcEcho> {
  const [port = 0] = await freePorts(1);
  const running = start('apps/bench/dist/peers/rpc-echo-program.js', {
    env: { ...certificatePaths, GRPC_PORT: String(port) },
    cores,
  });
  await running.until(/^ready$/m).catch(async (cause: unknown) => {
    await running.stop();
    throw cause;
  });
  return { target: `localhost:${port}`, pid: running.pid, output: running.output, stop: () => running.stop() };
}
