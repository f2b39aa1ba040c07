/** What the test of the guards uses of Express, which brings no types. */
declare module 'express' {
  import type { IncomingMessage, Server, ServerResponse } from 'node:http';

  export type Request = IncomingMessage & { readonly params: Readonly<Record<string, string>> };
  export type Response = ServerResponse & {
    status(code: number): Response;
    set(name: string, value: string): Response;
    send(body: unknown): Response;
  };
  type Handler = (request: Request, response: Response, next: (error?: unknown) => void) => void;

  export default function express(): {
    get(path: string, ...handlers: readonly Handler[]): void;
    listen(port: number, host: string, ready: () => void): Server;
  };
}
