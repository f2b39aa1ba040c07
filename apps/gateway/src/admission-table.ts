import type { AdmissionTable } from '@castellan/service';

/** What the public endpoints are worth under overload (docs/adr/0170). */
export const gatewayAdmission: AdmissionTable = {
  '/oauth2/introspect': 'decision',
  // A token that leaked must be revocable while others flood us.
  '/oauth2/revoke': 'decision',
  '/.well-known/jwks.json': 'decision',
  '/.well-known/openid-configuration': 'decision',
  '/.well-known/oauth-authorization-server': 'decision',
  '/oauth2/token': 'issuance',
  '/oauth2/auth': 'issuance',
  '/userinfo': 'issuance',
  '/oauth2/sessions/logout': 'issuance',
  '/oauth2/sessions/logout/done': 'issuance',
};
