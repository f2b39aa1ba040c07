import { type JsonObject, ownMember } from '../json.js';
import { type Condition, ConditionError } from './condition.js';

/** Fulfilled by an IPv4 or IPv6 address inside the network `cidr`. An IPv4-mapped IPv6 address is its IPv4 address. */
export function cidrCondition(options: JsonObject): Condition {
  const cidr = ownMember(options, 'cidr');
  if (typeof cidr !== 'string') throw new ConditionError('cidr must be a string');
  const network = parseNetwork(cidr);
  if (network === undefined) throw new ConditionError(`'${cidr.slice(0, 64)}' is not a network in CIDR notation`);
  return {
    options: { cidr },
    isFulfilled: (value) => typeof value === 'string' && containsText(network, value),
  };
}

type Address = { readonly bits: 32 | 128; readonly number: bigint };
/** `v4` is an IPv4 address once more, as a number: most addresses are, and comparing those takes no big integers. */
type Network = { readonly address: Address; readonly prefix: number; readonly v4: number | undefined };

const mappedPrefix = 0xffffn;

function containsText(network: Network, text: string): boolean {
  if (network.v4 !== undefined && !text.includes(':')) {
    const number = parseV4(text);
    return number !== undefined && (network.prefix === 0 || (number ^ network.v4) >>> (32 - network.prefix) === 0);
  }
  const address = parseAddress(text);
  return address !== undefined && contains(network, address);
}

function contains(network: Network, address: Address): boolean {
  if (network.address.bits !== address.bits) return false;
  const hostBits = BigInt(address.bits - network.prefix);
  return network.address.number >> hostBits === address.number >> hostBits;
}

function parseNetwork(text: string): Network | undefined {
  const slash = text.indexOf('/');
  if (slash < 0) return undefined;
  const address = parseLiteral(text.slice(0, slash));
  const prefix = parseDecimal(text.slice(slash + 1), 128);
  if (address === undefined || prefix === undefined || prefix > address.bits) return undefined;
  const unmapped = unmap(address);
  // A network of mapped addresses is the IPv4 network that they map; a wider one holds IPv6 addresses only.
  if (unmapped.bits === address.bits || prefix < 96) return networkOf(address, prefix);
  return networkOf(unmapped, prefix - 96);
}

function networkOf(address: Address, prefix: number): Network {
  return { address, prefix, v4: address.bits === 32 ? Number(address.number) : undefined };
}

function parseAddress(text: string): Address | undefined {
  const address = parseLiteral(text);
  return address === undefined ? undefined : unmap(address);
}

function unmap(address: Address): Address {
  if (address.bits === 32 || address.number >> 32n !== mappedPrefix) return address;
  return { bits: 32, number: address.number & 0xffffffffn };
}

function parseLiteral(text: string): Address | undefined {
  if (!text.includes(':')) {
    const number = parseV4(text);
    return number === undefined ? undefined : { bits: 32, number: BigInt(number) };
  }
  const number = parseV6(text);
  return number === undefined ? undefined : { bits: 128, number };
}

const dot = 46;
const zero = 48;

/** Four decimal bytes without leading zeros: what some read as octal is read by nobody here. */
function parseV4(text: string): number | undefined {
  let number = 0;
  let at = 0;
  for (let part = 0; part < 4; part++) {
    if (part > 0 && text.charCodeAt(at++) !== dot) return undefined;
    const start = at;
    let byte = 0;
    for (let digit; at < text.length && at < start + 3; at++) {
      digit = text.charCodeAt(at) - zero;
      if (digit < 0 || digit > 9) break;
      byte = byte * 10 + digit;
    }
    const hasLeadingZero = at > start + 1 && text.charCodeAt(start) === zero;
    if (at === start || byte > 255 || hasLeadingZero) return undefined;
    number = number * 256 + byte;
  }
  return at === text.length ? number : undefined;
}

/** The text forms of RFC 4291 section 2.2, without a zone. */
function parseV6(text: string): bigint | undefined {
  const halves = text.split('::');
  if (halves.length > 2) return undefined;
  const head = parseGroups(halves[0] ?? '', halves.length === 1);
  const tail = halves.length === 2 ? parseGroups(halves[1] ?? '', true) : [];
  if (head === undefined || tail === undefined) return undefined;
  const missing = 8 - head.length - tail.length;
  // `::` stands for at least one group.
  if (halves.length === 2 ? missing < 1 : missing !== 0) return undefined;
  const groups = [...head, ...Array<number>(missing).fill(0), ...tail];
  return groups.reduce((number, group) => (number << 16n) | BigInt(group), 0n);
}

function parseGroups(text: string, mayEndInV4: boolean): number[] | undefined {
  if (text === '') return [];
  const groups: number[] = [];
  const parts = text.split(':');
  for (const [index, part] of parts.entries()) {
    if (part.includes('.') && mayEndInV4 && index === parts.length - 1) {
      const v4 = parseV4(part);
      if (v4 === undefined) return undefined;
      groups.push(v4 >>> 16, v4 & 0xffff);
      continue;
    }
    const group = parseHex(part);
    if (group === undefined) return undefined;
    groups.push(group);
  }
  return groups;
}

function parseHex(text: string): number | undefined {
  if (text.length < 1 || text.length > 4) return undefined;
  for (const character of text) if (!'0123456789abcdefABCDEF'.includes(character)) return undefined;
  return Number.parseInt(text, 16);
}

function parseDecimal(text: string, max: number): number | undefined {
  if (text.length < 1 || text.length > 3 || (text.length > 1 && text.startsWith('0'))) return undefined;
  for (const character of text) if (!'0123456789'.includes(character)) return undefined;
  const number = Number(text);
  return number <= max ? number : undefined;
}
