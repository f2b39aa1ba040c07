import type { AdmissionTable } from '@castellan/service';

/** What the rpcs of the key manager are worth under overload (docs/adr/0170): what is not named is administration. */
export const keysAdmission: AdmissionTable = {
  'castellan.keys.v1.Signing': 'issuance',
  'castellan.keys.v1.Signing/GetVerificationKeys': 'decision',
};
