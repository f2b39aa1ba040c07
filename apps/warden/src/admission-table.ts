import type { AdmissionTable } from '@castellan/service';

/** What the rpcs of the Warden are worth under overload (docs/adr/0170): what is not named is administration. */
export const wardenAdmission: AdmissionTable = {
  'castellan.warden.v1.Warden': 'decision',
  'castellan.warden.v1.Warden/Explain': 'administration',
  'envoy.service.auth.v3.Authorization': 'decision',
};
