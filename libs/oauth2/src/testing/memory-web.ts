import { OutboundError, type OutboundFetch } from '../outbound.js';

/** Documents by their URL, for tests; what is absent cannot be fetched. `asked` holds what was fetched, in order. */
export function createMemoryWeb() {
  const documents = new Map<string, string>();
  const asked: string[] = [];
  const fetch: OutboundFetch = async (url) => {
    asked.push(url);
    const body = documents.get(url);
    if (body === undefined) throw new OutboundError();
    return { status: 200, mediaType: 'application/json', body };
  };
  return { documents, asked, fetch };
}
