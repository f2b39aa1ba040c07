/** Which lengths of keys there are. */
export class LengthCounts {
  private readonly counts: number[] = [];
  /** 1 for each length that there is. */
  readonly present: number[] = [0];
  longest = 0;

  add(length: number): void {
    while (this.present.length <= length) this.present.push(0);
    this.counts[length] = (this.counts[length] ?? 0) + 1;
    this.present[length] = 1;
    this.longest = Math.max(this.longest, length);
  }

  remove(length: number): void {
    const left = (this.counts[length] ?? 0) - 1;
    this.counts[length] = left;
    if (left > 0) return;
    this.present[length] = 0;
    while (this.longest > 0 && this.present[this.longest] === 0) this.longest--;
  }
}
