import type { AdmissionTable } from '@castellan/service';

/** What the admin API is worth under overload (docs/adr/0170): what is not named is administration. */
export const adminAdmission: AdmissionTable = {
  '/warden/allowed': 'decision',
  '/warden/token/allowed': 'decision',
  '/access/v1/evaluation': 'decision',
  '/access/v1/evaluations': 'decision',
  // Steps of a browser that is signing in or out.
  ...Object.fromEntries(
    ['/admin/oauth2/auth/requests', '/oauth2/auth/requests'].flatMap((folder) =>
      ['login', 'consent', 'logout'].flatMap((step) =>
        ['', '/accept', '/reject'].map((verb) => [`${folder}/${step}${verb}`, 'issuance'] as const),
      ),
    ),
  ),
};
