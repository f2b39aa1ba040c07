import { connect } from 'node:tls';

/** An HTTP answer as it came over the wire. */
export type RawAnswer = {
  readonly status: number;
  /** Values by lower-cased name, each as often as it came. */
  readonly headers: ReadonlyMap<string, readonly string[]>;
  readonly body: string;
  /** Everything that came before the connection closed. */
  readonly text: string;
};

/** A request whose every byte is the caller's: no library normalises path, header or body. */
export type RawRequest = {
  readonly method?: string;
  readonly path: string;
  readonly headers?: readonly (readonly [name: string, value: string])[];
  readonly body?: string | Buffer;
  /** `1.1` when absent. */
  readonly version?: string;
  /** Leaves out Host and Connection, which are added otherwise. */
  readonly bare?: boolean;
};

/** Sends one request over a TLS socket of its own and reads until the server closes. */
export function sendRaw(port: number, request: RawRequest): Promise<RawAnswer> {
  return sendBytes(port, encode(request));
}

/** Sends a urlencoded form exactly as written. */
export function sendRawForm(
  port: number,
  path: string,
  body: string | Buffer,
  headers: readonly (readonly [string, string])[] = [],
): Promise<RawAnswer> {
  const type = ['Content-Type', 'application/x-www-form-urlencoded'] as const;
  return sendRaw(port, { method: 'POST', path, headers: [type, ...headers], body });
}

/** Sends bytes as they are and reads until the server closes or is silent for too long. */
export function sendBytes(port: number, bytes: Buffer | string, silenceMs = 8_000): Promise<RawAnswer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let connected = false;
    const socket = connect({ port, host: 'localhost', rejectUnauthorized: false }, () => {
      connected = true;
      socket.write(bytes);
    });
    let settled = false;
    function settle(): void {
      if (settled) return;
      settled = true;
      socket.destroy();
      resolve(parse(Buffer.concat(chunks).toString('utf8')));
    }
    socket.setTimeout(silenceMs, settle);
    socket.on('data', (chunk: Buffer) => chunks.push(chunk));
    socket.on('end', settle);
    socket.on('close', settle);
    // A server that closes while it is still being written to resets the connection: that is an end, too, with status 0.
    socket.on('error', (error) => (connected ? settle() : settled || reject(error)));
  });
}

function encode({ method = 'GET', path, headers = [], body = '', version = '1.1', bare = false }: RawRequest): Buffer {
  const bytes = Buffer.isBuffer(body) ? body : Buffer.from(body);
  const named = (name: string): boolean => headers.some(([each]) => each.toLowerCase() === name);
  const lines = [
    ...(bare ? [] : ['Host: localhost', 'Connection: close']),
    ...headers.map(([name, value]) => `${name}: ${value}`),
    ...(bytes.length > 0 && !named('content-length') && !named('transfer-encoding')
      ? [`Content-Length: ${bytes.length}`]
      : []),
  ];
  const head = Buffer.from(`${method} ${path} HTTP/${version}\r\n${lines.map((line) => `${line}\r\n`).join('')}\r\n`);
  return Buffer.concat([head, bytes]);
}

function parse(text: string): RawAnswer {
  const end = text.indexOf('\r\n\r\n');
  const [statusLine = '', ...lines] = text.slice(0, end < 0 ? text.length : end).split('\r\n');
  const headers = new Map<string, string[]>();
  for (const line of lines) {
    const colon = line.indexOf(':');
    const name = line.slice(0, colon).toLowerCase();
    headers.set(name, [...(headers.get(name) ?? []), line.slice(colon + 1).trim()]);
  }
  const status = Number(/^HTTP\/1\.[01] (\d{3})/.exec(statusLine)?.[1] ?? 0);
  return { status, headers, body: end < 0 ? '' : text.slice(end + 4), text };
}
