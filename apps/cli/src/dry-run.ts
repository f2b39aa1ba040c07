import type { HttpRequest } from './http-client.js';

/** Stands in a dry run where a secret, token or code would be. */
export const secretPlaceholder = '<secret>';

/** What `--dry` prints instead of sending a request. The request must already be free of secrets. */
export function curlCommand(request: HttpRequest): string {
  const parts = ['curl', '-X', quote(request.method)];
  if (request.body !== undefined) parts.push('-d', quote(request.body));
  for (const [name, value] of Object.entries(request.headers ?? {})) parts.push('-H', quote(`${name}: ${value}`));
  parts.push(quote(request.url));
  return (
    'Because you are using the dry option, the request will not be executed. ' +
    `The curl equivalent of this command is: \n\n${parts.join(' ')}\n\n`
  );
}

function quote(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
