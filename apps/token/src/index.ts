// Token issuance as a service: the authorization server's endpoints without HTTP, and the clients it knows. It holds no
// signing key (the key manager signs) and decides no policy (the Warden does).
export { type TokenConfig, readTokenConfig, tokenVariables } from './token.config.js';
export { TokenModule } from './token.module.js';
