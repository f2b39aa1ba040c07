// The public HTTP endpoints of OAuth 2.0 and OpenID Connect. HTTP in, rpc out: parameters are passed on as they came,
// in order and with repetitions, and judged by the token service; this room knows no rule of the protocol and no table.
export { gatewayVariables, readGatewayConfig, type GatewayConfig } from './gateway.config.js';
export { GatewayModule } from './gateway.module.js';
export { gatewayApi } from './openapi/gateway-api.js';
