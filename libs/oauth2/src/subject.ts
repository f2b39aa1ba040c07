const maxLength = 255;

/** What keeps a text from being a subject; undefined when nothing does. */
export function subjectProblem(subject: string): string | undefined {
  if (subject === '') return 'is empty';
  if (subject.length > maxLength) return `is longer than ${maxLength} characters`;
  if (/[\u0000-\u001f\u007f]/.test(subject) || !isStorable(subject)) return 'holds a character that is not allowed';
  return undefined;
}

/** Whether every string in a value is text that PostgreSQL can store: no NUL, no lone surrogate. */
export function isStorable(value: unknown): boolean {
  if (typeof value === 'string') return !/\u0000|\p{Surrogate}/u.test(value);
  if (typeof value !== 'object' || value === null) return true;
  return Object.entries(value).every(([name, member]) => isStorable(name) && isStorable(member));
}
