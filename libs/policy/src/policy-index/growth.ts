/** From here on tables grow by a quarter rather than double: room that is not used yet is memory all the same. */
const large = 1 << 12;

/** How many entries a table of so many has room for once it has grown. */
export function grownLength(length: number): number {
  return length < large ? length * 2 : length + (length >> 2);
}

/** The same integers with room for more. */
export function extended(cells: Int32Array<ArrayBuffer>, length: number): Int32Array<ArrayBuffer> {
  const longer = new Int32Array(length);
  longer.set(cells);
  return longer;
}
