/**
 * The exemplary identity provider and consent app: it signs people in, asks for their consent, and answers the
 * authorization server with a signed consent response (the JWT challenge and response of 2017). It is a client of
 * the product, nothing more: it reads two keys through the public API and shares no code and no database with it.
 */
export type { Log as ConsentLog } from './app-context.js';
export { type ConsentConfig, ConsentConfigError, consentVariables, readConsentConfig } from './consent.config.js';
export { type ConsentApp, startConsentApp } from './consent-app.js';
