// Control characters, and characters that reorder or hide the text around them (Unicode TR 36).
const DECEPTIVE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Co}\p{Cs}]/gu;

/** Text from outside, fit for one line on a page: without control and direction characters, at most `limit` long. */
export function displayText(text: string, limit = 80): string {
  const clean = text.replace(DECEPTIVE, ' ').replace(/\s+/g, ' ').trim();
  const characters = [...clean];
  return characters.length <= limit ? clean : `${characters.slice(0, limit - 1).join('')}…`;
}
