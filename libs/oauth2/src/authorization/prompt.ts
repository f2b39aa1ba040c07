import { OAuth2Error } from '../errors.js';
import type { ParameterMap } from '../parameters.js';

/** What a request may ask the login and consent app to do (OpenID Connect Core section 3.1.2.1). */
export type Prompt = 'none' | 'login' | 'consent' | 'select_account';

const prompts: readonly Prompt[] = ['none', 'login', 'consent', 'select_account'];

/**
 * The `prompt` of a request. `none` stands alone: it forbids every interaction.
 *
 * @throws OAuth2Error `invalid_request`
 */
export function checkPrompt(parameters: ParameterMap): readonly Prompt[] {
  const words = parameters.get('prompt')?.split(' ') ?? [];
  if (words.includes('none') && words.length > 1) {
    throw new OAuth2Error('invalid_request', 'the prompt none cannot be combined with another');
  }
  return words.map((word) => {
    const prompt = prompts.find((known) => known === word);
    if (prompt === undefined) throw new OAuth2Error('invalid_request', `known prompts are ${prompts.join(', ')}`);
    return prompt;
  });
}
