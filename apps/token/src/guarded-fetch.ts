import { lookup } from 'node:dns/promises';
import { request as requestHttps } from 'node:https';
import { BlockList, isIP } from 'node:net';
import { type FetchedDocument, OutboundError, type OutboundFetch, type OutboundPost } from '@castellan/oauth2';

/** How outbound requests are limited. */
export type GuardedFetchOptions = {
  /** Networks that may be reached although they are private, in CIDR notation. */
  readonly allowedNetworks: readonly string[];
  /** Ports that may be reached. */
  readonly allowedPorts: readonly number[];
  /** Certificates to trust besides those of the system, in PEM. */
  readonly certificates?: string;
};

const timeoutMs = 3_000;
const maxBytes = 256 * 1024;
/** Requests under way of one fetcher. Each purpose has a fetcher of its own: what is slow for one holds up no other. */
const most = 32;
/** Of these to one host: a slow one leaves places for the rest. */
const mostPerHost = most / 2;

// Special-purpose addresses (RFC 6890 and its registries), and those that hold an IPv4 address inside.
const refusedNetworks = [
  '0.0.0.0/8',
  '10.0.0.0/8',
  '100.64.0.0/10',
  '127.0.0.0/8',
  '169.254.0.0/16',
  '172.16.0.0/12',
  '192.0.0.0/24',
  '192.0.2.0/24',
  '192.88.99.0/24',
  '192.168.0.0/16',
  '198.18.0.0/15',
  '198.51.100.0/24',
  '203.0.113.0/24',
  '224.0.0.0/3',
];
/** Of IPv6 only global unicast is reached, without the parts of it that are tunnels or documentation. */
const reachedNetworks6 = ['2000::/3'];
const refusedNetworks6 = ['2001::/23', '2001:db8::/32', '2002::/16', '3fff::/20'];

/**
 * The fetcher for URLs that clients register. The name is resolved once, every address of it is judged, and the
 * connection goes to the address that was judged; name and SNI stay. No proxy, no redirect, no compression.
 */
export function createGuardedFetch(options: GuardedFetchOptions): OutboundFetch {
  return createGuardedRequest(options);
}

/** The same guards for what is posted to a client. What it answers is not read beyond its status. */
export function createGuardedPost(options: GuardedFetchOptions): OutboundPost {
  const send = createGuardedRequest(options);
  return async (url, form) => ({ status: (await send(url, form)).status });
}

/**
 * Whether the operator lets a host through that is an address or a local name: an address when it is in a network that may
 * be reached, a name when there is any such network; its addresses are judged when it is asked.
 */
export function createAllowedHosts({ allowedNetworks }: GuardedFetchOptions): (host: string) => boolean {
  const allowed = blockListOf(allowedNetworks);
  return (host) => {
    const literal = host.replace(/^\[|\]$/g, '');
    const family = isIP(literal);
    return family === 0 ? allowedNetworks.length > 0 : allowed.check(literal, family === 6 ? 'ipv6' : 'ipv4');
  };
}

function createGuardedRequest(options: GuardedFetchOptions): (url: string, form?: string) => Promise<FetchedDocument> {
  const allowed = blockListOf(options.allowedNetworks);
  const refused = blockListOf([...refusedNetworks, ...refusedNetworks6]);
  const reached6 = blockListOf(reachedNetworks6);
  const running = new Map<string, number>();
  let total = 0;

  function mayReach(address: string): boolean {
    const family = isIP(address) === 6 ? 'ipv6' : 'ipv4';
    if (allowed.check(address, family)) return true;
    return !refused.check(address, family) && (family === 'ipv4' || reached6.check(address, family));
  }

  async function request(text: string, form: string | undefined): Promise<FetchedDocument> {
    const url = new URL(text);
    const port = url.port === '' ? 443 : Number(url.port);
    const literal = url.hostname.replace(/^\[|\]$/g, '');
    if (url.protocol !== 'https:' || url.username !== '' || url.password !== '' || url.hash !== '') throw refusal();
    if (!options.allowedPorts.includes(port)) throw refusal();
    const addresses =
      isIP(literal) !== 0 ? [literal] : (await lookup(literal, { all: true })).map(({ address }) => address);
    const [address] = addresses;
    if (address === undefined || !addresses.every(mayReach)) throw refusal();
    return exchange(url, { address, port, certificates: options.certificates, form });
  }

  return async (url, form) => {
    const host = hostOf(url);
    const before = running.get(host) ?? 0;
    if (total >= most || before >= mostPerHost) throw new OutboundError();
    running.set(host, before + 1);
    total += 1;
    try {
      return await withDeadline(request(url, form));
    } catch {
      throw new OutboundError();
    } finally {
      const left = (running.get(host) ?? 1) - 1;
      if (left > 0) running.set(host, left);
      else running.delete(host);
      total -= 1;
    }
  };
}

/** Whose places a request takes; empty for what is no URL, which goes nowhere. */
function hostOf(url: string): string {
  return URL.canParse(url) ? new URL(url).hostname.replace(/\.$/, '') : '';
}

type Exchange = {
  readonly address: string;
  readonly port: number;
  readonly certificates: string | undefined;
  readonly form: string | undefined;
};

function exchange(url: URL, { address, port, certificates, form }: Exchange): Promise<FetchedDocument> {
  return new Promise((resolve, reject) => {
    const host = url.hostname.replace(/^\[|\]$/g, '');
    const outgoing = requestHttps(
      {
        host: address,
        port,
        path: `${url.pathname}${url.search}`,
        method: form === undefined ? 'GET' : 'POST',
        headers: {
          host: url.host,
          accept: 'application/json, application/*, */*;q=0.1',
          'accept-encoding': 'identity',
          ...(form === undefined
            ? {}
            : { 'content-type': 'application/x-www-form-urlencoded', 'content-length': Buffer.byteLength(form) }),
        },
        ...(isIP(host) === 0 ? { servername: host } : {}),
        ...(certificates !== undefined ? { ca: certificates } : {}),
        agent: false,
        maxHeaderSize: 16 * 1024,
        signal: AbortSignal.timeout(timeoutMs),
      },
      (answer) => {
        const chunks: Buffer[] = [];
        let bytes = 0;
        answer.on('data', (chunk: Buffer) => {
          bytes += chunk.length;
          if (bytes > maxBytes) return void outgoing.destroy(refusal());
          chunks.push(chunk);
        });
        answer.on('error', reject);
        answer.on('end', () => {
          const mediaType = (answer.headers['content-type'] ?? '').split(';', 1)[0] ?? '';
          resolve({
            status: answer.statusCode ?? 0,
            mediaType: mediaType.trim().toLowerCase(),
            body: Buffer.concat(chunks).toString('utf8'),
          });
        });
      },
    );
    outgoing.on('error', reject);
    outgoing.end(form);
  });
}

/** Resolving a name has no time limit of its own. */
async function withDeadline<T>(work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const deadline = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(refusal()), timeoutMs + 500);
  });
  try {
    return await Promise.race([work, deadline]);
  } finally {
    clearTimeout(timer);
  }
}

function blockListOf(networks: readonly string[]): BlockList {
  const list = new BlockList();
  for (const network of networks) {
    const [address = '', prefix = ''] = network.split('/');
    list.addSubnet(address, Number(prefix), isIP(address) === 6 ? 'ipv6' : 'ipv4');
  }
  return list;
}

function refusal(): Error {
  return new Error('refused');
}
