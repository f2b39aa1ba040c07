import { isIP } from 'node:net';

/** Whether a host name or address can only be this machine. */
export function isLoopbackHost(host: string): boolean {
  const bare = host.replace(/^\[(.*)\]$/, '$1').toLowerCase();
  if (isIP(bare) === 4) return bare.startsWith('127.');
  return bare === '::1' || bare === 'localhost';
}

/** The host of a gRPC target: `localhost:4453`, `[::1]:4453`, or with a scheme, `dns:///keys:4453`. */
export function hostOfTarget(target: string): string {
  // A socket in the file system is reached by processes of this machine only.
  if (target.startsWith('unix:')) return 'localhost';
  return target.replace(/^(?:dns|ipv4|ipv6):(?:\/\/[^/]*\/)?/, '').replace(/:\d+$/, '');
}
