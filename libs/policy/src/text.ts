/** Where a text holds NUL or a lone surrogate, neither of which PostgreSQL or gRPC can carry; -1 when nowhere. */
export function findUnstorable(text: string): number {
  if (isStorable(text)) return -1;
  let position = 0;
  for (const character of text) {
    const codePoint = character.codePointAt(0) ?? 0;
    if (codePoint === 0 || (codePoint >= 0xd800 && codePoint <= 0xdfff)) return position;
    position += character.length;
  }
  return -1;
}

/** Texts up to this length are looked through here, which takes less than calling two built-ins. */
const shortLength = 64;

function isStorable(text: string): boolean {
  if (text.length <= shortLength) {
    let i = 0;
    while (i < text.length && isPlain(text.charCodeAt(i))) i++;
    if (i === text.length) return true;
  }
  return text.isWellFormed() && !text.includes('\0');
}

/** Neither NUL nor a surrogate, paired or not. */
function isPlain(unit: number): boolean {
  return unit !== 0 && (unit & 0xf800) !== 0xd800;
}
