import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { formatLogfmt } from './logfmt.js';
import { createLogger, type LoggerOptions } from './logger.js';
import { Secret } from './secret.js';

const NOON = Date.parse('2026-11-23T12:00:00.999Z');

function capture(options: Omit<LoggerOptions, 'destination'>): {
  lines: string[];
  logger: ReturnType<typeof createLogger>;
} {
  const lines: string[] = [];
  return {
    lines,
    logger: createLogger({ now: () => NOON, ...options, destination: { write: (line) => void lines.push(line) } }),
  };
}

describe('the text log', () => {
  it('writes logfmt', () => {
    const { lines, logger } = capture({});
    logger.info('Setting up http server on :4444');
    expect(lines).toEqual(['time="2026-11-23T12:00:00Z" level=info msg="Setting up http server on :4444"\n']);
  });

  it.each([
    ['plain', 'a=plain'],
    ['', 'a=""'],
    ['two words', 'a="two words"'],
    ['a=b', 'a="a=b"'],
    ['say "x"', 'a="say \\"x\\""'],
    ['line\nlevel=error msg=forged', 'a="line\\nlevel=error msg=forged"'],
    ['\u001b[31m', 'a="\\u001b[31m"'],
    ['\u0085\u2028', 'a="\\u0085\\u2028"'],
    [12.5, 'a=12.5'],
    [true, 'a=true'],
    [null, 'a=null'],
    [['x', 1], 'a="[\\"x\\",1]"'],
  ])('writes %j in one line as %s', (value, expected) => {
    const line = formatLogfmt(new Date(NOON), 'info', 'm', { a: value });
    expect(line).toBe(`time="2026-11-23T12:00:00Z" level=info msg="m" ${expected}\n`);
  });

  it('keeps names from forging fields', () => {
    expect(formatLogfmt(new Date(NOON), 'info', 'm', { 'a b="c"': 1 })).toContain(' a_b__c_=1\n');
  });
});

describe('the JSON log', () => {
  it('writes one object a line', () => {
    const { lines, logger } = capture({ format: 'json' });
    logger.warn('careful', { n: 1 });
    expect(lines.map((line): unknown => JSON.parse(line))).toEqual([
      { level: 'warning', time: '2026-11-23T12:00:00.999Z', n: 1, msg: 'careful' },
    ]);
  });
});

describe.each(['text', 'json'] as const)('the %s log', (format) => {
  it.each([
    ['authorization', 'Basic abc'],
    ['Cookie', 'x=y'],
    ['set-cookie', 'x=y'],
    ['access_token', 'zzz'],
    ['idToken', 'zzz'],
    ['client_secret', 'zzz'],
    ['SYSTEM_SECRET', 'zzz'],
    ['password', 'zzz'],
    ['code', 'zzz'],
    ['code_verifier', 'zzz'],
    ['consent', 'zzz'],
    ['challenge', 'zzz'],
    ['DATABASE_URL', 'zzz'],
  ])('shows no field named %s, at any depth', (name, value) => {
    const { lines, logger } = capture({ format });
    logger.info('m', { [name]: value });
    logger.child({ deep: [{ [name]: value }] }).info('m');
    expect(lines).toHaveLength(2);
    for (const line of lines) {
      expect(line).toContain('[redacted]');
      expect(line).not.toContain(value);
    }
  });

  it('shows no Secret, no password of a URL, no bearer value and no token of ours, wherever they stand', () => {
    const { lines, logger } = capture({ format });
    logger.info('got Bearer abcdef.123 from postgres://u:hunter2@db/x', { value: new Secret('hunter2') });
    logger.error('failed', {
      error: new Error('connect postgres://u:hunter2@db', { cause: new Error('ct_at_aaaa.bbbb') }),
    });
    logger.info('eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJhIn0.c2ln csk1_hunter2');
    const all = lines.join('');
    for (const leak of ['hunter2', 'abcdef', 'ct_at_', 'eyJ']) expect(all).not.toContain(leak);
  });

  it.each([
    ['an initial access token', `ct_ia_${'A'.repeat(43)}`],
    ['a registration access token', `ct_ra_${'A'.repeat(43)}`],
    ['a generated client secret', `cs_${'A'.repeat(43)}`],
    ['a token behind other words', `x_ct_at_${'A'.repeat(54)}.${'A'.repeat(43)}`],
  ])('shows not %s, wherever it stands', (_what, text) => {
    const { lines, logger } = capture({ format });
    logger.info(`got ${text}`, { note: `"${text}"`, error: new Error(text) });
    expect(lines.join('')).toContain('[redacted]');
    expect(lines.join('')).not.toContain('AAAA');
  });

  it('shows no token that stands where a name belongs, at any depth', () => {
    const { lines, logger } = capture({ format });
    const token = `ct_at_${'A'.repeat(60)}.${'B'.repeat(43)}`;
    logger.info('m', { deep: [{ [token]: 1, fine: 2 }] });
    expect(lines.join('')).not.toContain('ct_at_');
    expect(lines.join('')).toContain('fine');
  });

  it('takes circles, errors and odd values', () => {
    const { lines, logger } = capture({ format });
    const circle: Record<string, unknown> = { bytes: Buffer.from('abc'), big: 1n, f: () => 1, when: new Date(NOON) };
    circle['self'] = circle;
    logger.info('m', { circle, error: new Error('why', { cause: new TypeError('because') }) });
    expect(lines[0]).toContain('because');
    expect(lines[0]).toContain('3 bytes');
    expect(lines[0]?.split('\n')).toHaveLength(2);
  });

  it.each([
    ['debug', 4],
    ['info', 3],
    ['warn', 2],
    ['error', 1],
    ['fatal', 0],
    ['panic', 0],
  ] as const)('at level %s writes %i of the four kinds', (level, count) => {
    const { lines, logger } = capture({ format, level });
    for (const kind of ['debug', 'info', 'warn', 'error'] as const) logger[kind]('m');
    expect(lines).toHaveLength(count);
  });
});

describe('a Secret', () => {
  it('shows itself only when asked to', () => {
    const secret = new Secret('hunter2');
    expect(`${secret} ${JSON.stringify({ secret })} ${inspect(secret)}`).toBe(
      '[redacted] {"secret":"[redacted]"} [redacted]',
    );
    expect(secret.reveal()).toBe('hunter2');
  });
});
