import { OAuth2Error } from '../errors.js';
import type { ParameterMap } from '../parameters.js';

/** What a request may ask the login and consent app to do (OpenID Connect Core section 3.1.2.1). */
export type Prompt = 'login' | 'consent' | 'select_account';

const prompts: readonly Prompt[] = ['login', 'consent', 'select_account'];

/**
 * The `prompt` of a request. `none` forbids every interaction, and the server keeps no login session of its own:
 * the user always has to be asked.
 *
 * @throws OAuth2Error `invalid_request`, `login_required`
 */
export function checkPrompt(parameters: ParameterMap): readonly Prompt[] {
  const words = parameters.get('prompt')?.split(' ') ?? [];
  if (words.length === 1 && words[0] === 'none') throw new OAuth2Error('login_required');
  if (words.includes('none')) {
    throw new OAuth2Error('invalid_request', 'the prompt none cannot be combined with another');
  }
  return words.map((word) => {
    const prompt = prompts.find((known) => known === word);
    if (prompt === undefined) throw new OAuth2Error('invalid_request', `known prompts are none, ${prompts.join(', ')}`);
    return prompt;
  });
}
