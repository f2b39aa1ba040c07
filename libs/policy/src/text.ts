/** Where a text holds NUL or a lone surrogate, neither of which PostgreSQL or gRPC can carry; -1 when nowhere. */
export function findUnstorable(text: string): number {
  if (text.isWellFormed() && !text.includes('\0')) return -1;
  let position = 0;
  for (const character of text) {
    const codePoint = character.codePointAt(0) ?? 0;
    if (codePoint === 0 || (codePoint >= 0xd800 && codePoint <= 0xdfff)) return position;
    position += character.length;
  }
  return -1;
}
