import { connect } from 'node:tls';
import type { RawAnswer } from '../raw.js';
import { rawTo, type Target } from '../target.js';

export type Header = readonly [string, string];

export const formType: Header = ['Content-Type', 'application/x-www-form-urlencoded'];
export const jsonType: Header = ['Content-Type', 'application/json'];
export const credentials = 'grant_type=client_credentials&scope=docs';

/** What rows about parameters send to a target. */
export type Sending = {
  target(): Target;
  /** Credentials of the client svc, and of the root client. */
  basic(): Header;
  bearer(): Header;
  postJson(path: string, body: string | Buffer, ...headers: Header[]): Promise<RawAnswer>;
  /** Opens a connection whose request stops in the middle of a header. */
  stall(): void;
  /** What became of those. */
  readonly stalled: readonly Stalled[];
};

type Stalled = { readonly since: number; readonly closed: Promise<unknown> };

export function sendingTo(target: () => Target): Sending {
  const stalled: Stalled[] = [];
  const bearer = (): Header => ['Authorization', `Bearer ${target().root}`];
  return {
    target,
    bearer,
    stalled,
    basic() {
      const { id, secret } = target().clients.svc;
      return ['Authorization', `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}`];
    },
    postJson: (path, body, ...headers) =>
      rawTo(target(), {
        method: 'POST',
        path,
        headers: [bearer(), ...(headers.length > 0 ? headers : [jsonType])],
        body,
      }),
    stall() {
      const socket = connect({ port: target().port, host: 'localhost', rejectUnauthorized: false });
      socket.on('error', () => undefined);
      socket.resume();
      socket.write('POST /oauth2/token HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\nX-Slow: ');
      stalled.push({ since: Date.now(), closed: new Promise((resolve) => socket.once('close', resolve)) });
    },
  };
}
