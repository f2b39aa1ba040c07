import type { AdmissionTable } from '@castellan/service';

/** What the rpcs of the token service are worth under overload (docs/adr/0170): what is not named is administration. */
export const tokenAdmission: AdmissionTable = {
  'castellan.token.v1.Tokens': 'decision',
  'castellan.token.v1.Tokens/IssueToken': 'issuance',
  'castellan.token.v1.Authorization': 'issuance',
  'castellan.token.v1.LoginConsent': 'issuance',
  'castellan.token.v1.Logout': 'issuance',
  'castellan.token.v1.OpenId': 'issuance',
};
