/** What the suite uses of autocannon, which brings no types. */
declare module 'autocannon' {
  import type { EventEmitter } from 'node:events';

  export type RequestData = { method?: string; path?: string; headers?: Record<string, string>; body?: string };
  export type DynamicRequest = {
    readonly setupRequest: (request: RequestData, context: Record<string, unknown>) => RequestData | null;
    readonly onResponse: (
      status: number,
      body: string,
      context: Record<string, unknown>,
      headers: Record<string, string | string[]>,
    ) => void;
  };
  export type AutocannonOptions = {
    readonly url: string;
    readonly connections: number;
    readonly duration: number;
    readonly timeout: number;
    readonly requests: readonly DynamicRequest[];
  };

  export default function autocannon(
    options: AutocannonOptions,
    done: (error: Error | null, result: { readonly errors: number; readonly timeouts: number }) => void,
  ): EventEmitter;
}
