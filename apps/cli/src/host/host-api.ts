import { adminApi } from '@castellan/admin';
import { gatewayApi, type GatewayConfig } from '@castellan/gateway';
import { joinDescriptions, type ApiDescription } from '@castellan/service';

/** What one origin serves that is both: the public endpoints and the admin API. */
export function hostApi(gateway: Pick<GatewayConfig, 'consentUrl'>): ApiDescription {
  return joinDescriptions(
    {
      title: 'Castellan',
      description: 'The OAuth 2.0 and OpenID Connect endpoints and the admin API, on one origin.',
    },
    [gatewayApi(gateway), adminApi],
  );
}

/** The description of an API by its name on the command line; undefined when there is none. The consent app is configured. */
export function apiNamed(name: string): ApiDescription | undefined {
  const gateway = { consentUrl: 'configured' };
  const apis = new Map([
    ['admin', () => adminApi],
    ['gateway', () => gatewayApi(gateway)],
    ['host', () => hostApi(gateway)],
  ]);
  return apis.get(name)?.();
}
