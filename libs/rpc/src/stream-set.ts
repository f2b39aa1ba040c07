import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import type { CallStream, OutgoingCall } from './call-stream.js';

/** Finds the addresses of a host name. Rejects when there are none. */
export type ResolveHost = (host: string) => Promise<readonly string[]>;

export type StreamSetOptions = {
  readonly target: string;
  readonly resolve?: ResolveHost;
  /** Opens the stream of an address; `names` are channel options that keep the host name for TLS. */
  readonly open: (address: string, names: Readonly<Record<string, string>>) => CallStream;
};

const RESOLVE_EVERY_MS = 30_000;

type HostAndPort = { readonly host: string; readonly port: string };

/** The host name in a target that may stand for several servers; undefined for addresses, sockets and this machine. */
function readHostName(target: string): HostAndPort | undefined {
  const [, host, port] = /^(?:dns:(?:\/\/\/)?)?([^:/[\]]+):(\d+)$/.exec(target) ?? [];
  if (host === undefined || port === undefined || isIP(host) !== 0 || host.toLowerCase() === 'localhost')
    return undefined;
  return { host, port };
}

async function resolveWithSystem(host: string): Promise<readonly string[]> {
  const found = await lookup(host, { all: true, order: 'verbatim' });
  // One machine has an address of each family; one family names each machine once.
  return found.filter(({ family }) => family === found[0]?.family).map(({ address }) => address);
}

/**
 * One stream for each address of a target, used in turn: a stream stays with one server, however many there are. The
 * name is resolved again every half minute; the stream of an address that is gone ends when its calls are answered. An
 * address that does not answer is passed over while another does.
 */
export function openStreamSet(options: StreamSetOptions): Pick<CallStream, 'call' | 'close'> {
  const { target, resolve = resolveWithSystem, open } = options;
  const name = readHostName(target);
  // Until the name is resolved, and where there is one server only, the channel finds it.
  let streams = new Map([[target, open(target, {})]]);
  let chosen: CallStream | undefined;
  let turn = 0;
  let isClosed = false;

  function take(addresses: readonly string[], { host, port }: HostAndPort): void {
    const several = addresses.length > 1;
    const names = { 'grpc.ssl_target_name_override': host, 'grpc.default_authority': `${host}:${port}` };
    const wanted = several
      ? addresses.map((address) => (isIP(address) === 6 ? `ipv6:[${address}]:${port}` : `ipv4:${address}:${port}`))
      : [target];
    const next = new Map(
      wanted.map((address) => [address, streams.get(address) ?? open(address, several ? names : {})]),
    );
    for (const [address, stream] of streams) if (!next.has(address)) stream.close();
    streams = next;
    chosen = undefined;
  }

  async function refresh(at: HostAndPort): Promise<void> {
    // Names that cannot be resolved now leave what is known.
    const addresses = await resolve(at.host).catch(() => []);
    if (!isClosed && addresses.length > 0) take([...new Set(addresses)].sort(), at);
  }

  /** The stream of this turn of the event loop: calls that are made together travel together. */
  function choose(): CallStream | undefined {
    if (chosen !== undefined) return chosen;
    const all = [...streams.values()];
    const working = all.filter((stream) => !stream.isFailing());
    const from = working.length > 0 ? working : all;
    chosen = from[turn++ % from.length];
    setImmediate(() => (chosen = undefined));
    return chosen;
  }

  const timer = name === undefined ? undefined : setInterval(() => void refresh(name), RESOLVE_EVERY_MS);
  timer?.unref();
  if (name !== undefined) void refresh(name);

  return {
    call(outgoing: OutgoingCall) {
      choose()?.call(outgoing);
    },
    close() {
      isClosed = true;
      clearInterval(timer);
      for (const stream of streams.values()) stream.close();
    },
  };
}
