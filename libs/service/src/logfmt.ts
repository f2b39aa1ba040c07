// Values of these characters stand without quotes, as in the original's log.
const BARE = /^[A-Za-z0-9\-._/@^+:]+$/;
const BARE_NAME = /[^A-Za-z0-9_.-]/g;

function quote(text: string): string {
  // JSON escapes quotes, backslashes, control characters and lone surrogates; the two separators break lines elsewhere.
  return JSON.stringify(text)
    .replaceAll('\u2028', '\\u2028')
    .replaceAll('\u2029', '\\u2029')
    .replaceAll(/[\u007f-\u009f]/g, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

function formatValue(value: unknown): string {
  const text = typeof value === 'string' ? value : (JSON.stringify(value) ?? 'null');
  return BARE.test(text) ? text : quote(text);
}

/** One line of logfmt: `time="2026-11-23T12:00:00Z" level=info msg="..."` and the fields after it. */
export function formatLogfmt(time: Date, level: string, message: string, fields: Record<string, unknown>): string {
  const seconds = `${time.toISOString().slice(0, 19)}Z`;
  let line = `time="${seconds}" level=${level} msg=${quote(message)}`;
  for (const [name, value] of Object.entries(fields)) {
    line += ` ${name.replaceAll(BARE_NAME, '_') || '_'}=${formatValue(value)}`;
  }
  return `${line}\n`;
}
