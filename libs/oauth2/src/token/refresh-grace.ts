import { createCipheriv, createDecipheriv, createHash } from 'node:crypto';
import { deriveKey } from '@castellan/jwk';
import type { Client } from '../client.js';
import type { ParameterMap } from '../parameters.js';
import type { IssuedTokens } from './token-request.js';
import type { SealedAnswer, StoredRefreshToken } from './token-store.js';

/** The parameters that shape the answer to a refresh. */
const shapingParameters = ['scope', 'resource', 'audience'];
const nonceBytes = 12;
const tagBytes = 16;

/**
 * How long a client may be given the answer to a refresh again: a public client proves nothing, so for it a token that
 * comes twice is a stolen one (rulings 35).
 */
export function graceWindow(client: Client, windowMs: number): number {
  return client.public ? 0 : windowMs;
}

/** Seals the answer to a refresh for whoever presents the same refresh token again (AES-256-GCM). */
export function sealAnswer(
  answer: IssuedTokens,
  presented: string,
  parameters: ParameterMap,
  randomBytes: (n: number) => Buffer,
): SealedAnswer {
  const nonce = randomBytes(nonceBytes);
  const parametersHash = hashOf(parameters);
  const cipher = createCipheriv('aes-256-gcm', keyOf(presented), nonce).setAAD(Buffer.from(parametersHash));
  const sealed = Buffer.concat([
    nonce,
    cipher.update(JSON.stringify(answer), 'utf8'),
    cipher.final(),
    cipher.getAuthTag(),
  ]);
  return { sealed: sealed.toString('base64url'), parametersHash };
}

/**
 * The answer that a used refresh token has bought, with what is left of its lifetime; undefined when it is not kept, or
 * was an answer to other parameters.
 */
export function openAnswer(
  stored: StoredRefreshToken,
  presented: string,
  parameters: ParameterMap,
): IssuedTokens | undefined {
  const { answer } = stored;
  if (answer === undefined || answer.parametersHash !== hashOf(parameters)) return undefined;
  const bytes = Buffer.from(answer.sealed, 'base64url');
  const end = bytes.length - tagBytes;
  const decipher = createDecipheriv('aes-256-gcm', keyOf(presented), bytes.subarray(0, nonceBytes))
    .setAAD(Buffer.from(answer.parametersHash))
    .setAuthTag(bytes.subarray(end));
  const opened = Buffer.concat([decipher.update(bytes.subarray(nonceBytes, end)), decipher.final()]);
  const tokens = JSON.parse(opened.toString('utf8')) as IssuedTokens;
  return { ...tokens, expiresIn: Math.max(0, tokens.expiresIn - Math.ceil(answer.usedAgoMs / 1000)) };
}

function keyOf(presented: string): Buffer {
  return deriveKey(presented, 'refresh-answer/v1');
}

function hashOf(parameters: ParameterMap): string {
  const shaping = shapingParameters.map((name) => parameters.get(name) ?? null);
  return createHash('sha256').update(JSON.stringify(shaping)).digest('base64url');
}
