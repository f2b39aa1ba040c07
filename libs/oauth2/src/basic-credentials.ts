/** What a Basic header holds. The secret has two readings when it holds `%` or `+`. */
export type BasicCredentials = { readonly id: string; readonly secrets: readonly string[] };

/** Throws for what is no UTF-8. */
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

const maxLength = 8 * 1024;
const controls = /[\u0000-\u001f\u007f]/;
const base64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

/**
 * Reads an Authorization header of scheme Basic (RFC 7617). Id and secret are form-decoded as RFC 6749 section 2.3.1
 * demands; because clients of 2017 send them raw, the raw secret is the second reading. Undefined when malformed.
 */
export function parseBasicHeader(header: string): BasicCredentials | undefined {
  const match = /^basic +(\S+)$/i.exec(header);
  const encoded = match?.[1];
  if (encoded === undefined || encoded.length > maxLength || !base64.test(encoded)) return undefined;
  const text = decodeUtf8(Buffer.from(encoded, 'base64'));
  if (text === undefined || controls.test(text)) return undefined;
  const colon = text.indexOf(':');
  if (colon < 0) return undefined;
  const rawId = text.slice(0, colon);
  const rawSecret = text.slice(colon + 1);
  const secret = formDecode(rawSecret);
  const secrets = [...new Set(secret === undefined ? [rawSecret] : [secret, rawSecret])];
  // Client ids hold neither `%` nor `+`, so their decoded reading is the only one.
  const id = formDecode(rawId) ?? rawId;
  // RFC 7617 section 2 allows no control characters, and decoding may have brought one: the store cannot be asked for NUL.
  if (controls.test(id)) return undefined;
  return { id, secrets: secrets.filter((reading) => reading !== '' && !controls.test(reading)) };
}

function decodeUtf8(bytes: Buffer): string | undefined {
  try {
    return utf8.decode(bytes);
  } catch {
    return undefined;
  }
}

function formDecode(text: string): string | undefined {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '));
  } catch {
    return undefined;
  }
}
