import { BinaryReader } from '@bufbuild/protobuf/wire';

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/**
 * Reads a message of a stranger. A string that is not UTF-8 is refused, as proto3 demands, where the library would put
 * U+FFFD in its place: two names of different bytes would become one.
 * Throws when the bytes are no such message.
 */
export function decodeMessage<Message>(deserialize: (bytes: Buffer) => Message, bytes: Buffer): Message {
  const reader = new BinaryReader(bytes, (text) => utf8.decode(text));
  // Generated code takes a reader wherever it takes bytes, and hands it on to the messages inside.
  return deserialize(reader as unknown as Buffer);
}
