import { flag, list, text, type CommandCall, type Flag } from '../command.js';

/** What a client says about logout. */
export const logoutFlags: readonly Flag[] = [
  list('--post-logout-callbacks <urls>', 'where a browser may be sent after a logout'),
  text('--backchannel-logout-callback <url>', 'where logout tokens are posted'),
  flag('--backchannel-logout-session-required', 'the client needs sid in its logout tokens'),
  text('--frontchannel-logout-callback <url>', 'what the browser loads in a frame at a logout'),
  flag('--frontchannel-logout-session-required', 'the client needs iss and sid in the query of that frame'),
  flag('--skip-logout-consent', 'a logout that the client starts with a valid hint needs no confirmation'),
];

/** The members of the client that the flags given make. */
export function logoutMembersOf(call: CommandCall): Readonly<Record<string, unknown>> {
  const uris = call.list('post-logout-callbacks');
  const texts = {
    backchannel_logout_uri: call.text('backchannel-logout-callback'),
    frontchannel_logout_uri: call.text('frontchannel-logout-callback'),
  };
  const switches = {
    backchannel_logout_session_required: call.has('backchannel-logout-session-required'),
    frontchannel_logout_session_required: call.has('frontchannel-logout-session-required'),
    skip_logout_consent: call.has('skip-logout-consent'),
  };
  return {
    ...(uris.length > 0 ? { post_logout_redirect_uris: uris } : {}),
    ...Object.fromEntries(Object.entries(texts).filter(([, value]) => value !== '')),
    ...Object.fromEntries(Object.entries(switches).filter(([, value]) => value)),
  };
}
