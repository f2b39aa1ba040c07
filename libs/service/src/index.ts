// The kit that every service starts from: configuration, log, metrics, readiness, typed rpcs (in process or gRPC),
// the HTTP edge, start and shutdown. It knows no protocol rule, no table and no database.
export {
  ConfigError,
  addressListSchema,
  booleanSchema,
  commaListSchema,
  durationSchema,
  integerSchema,
  portSchema,
  readConfig,
  urlSchema,
} from './config.js';
export { parseAddressList, type AddressList } from './address-list.js';
export { parseDuration } from './duration.js';
export { redactFields, scrubText } from './redaction.js';
export { Secret } from './secret.js';
export { FILE_VARIABLES, withSecretFiles } from './secret-files.js';
export { isSecretVariable } from './environment/secret-variables.js';
export { readEnvironment, withConfigFile } from './environment/environment.js';
export { unknownVariables } from './environment/unknown-variables.js';
export {
  databaseVariables,
  httpServiceVariables,
  serviceVariables,
  type Variables,
} from './environment/program-variables.js';
export { operationsVariables } from './operations.config.js';
export {
  LOGGER,
  createLogger,
  createSilentLogger,
  type LogFormat,
  type LogLevel,
  type Logger,
  type LoggerOptions,
} from './logger.js';
export { currentTrace } from './tracing/trace-context.js';
export { startTracing, type Tracing } from './tracing/tracing.js';
export { readTracingConfig, tracingVariables, type TracingConfig } from './tracing/tracing.config.js';
export { createNestLogger } from './nest-logger.js';
export { METRICS, createMetrics, watchPool, type GaugeReading, type Metrics, type WatchedGauge } from './metrics.js';
export { Gauge } from 'prom-client';
export { readAdmissionConfig } from './admission/admission.config.js';
export { ADMISSION_TABLE, type AdmissionTable } from './admission/admission-class.js';
export { AdmissionDoor } from './admission/admission.module.js';
export type { ConcurrencyLimits } from './admission/concurrency-limit.js';
export { watchClock, type ClockWatchOptions } from './clock-watch.js';
export { READINESS, Readiness, type ReadinessCheck, type ReadinessReport } from './readiness.js';
export { ServiceModule } from './service.module.js';
export { InjectRpcClient, RpcService, provideRpcClient, rpcClientToken } from './rpc/rpc-service.js';
export { readBearerListen } from './rpc/bearer.config.js';
export type { StreamRule, StreamRules } from './rpc/stream-rule.js';
export { RpcModule, type RpcListen, type RpcModuleOptions, type RpcSecurity } from './rpc/rpc.module.js';
export { RpcHost } from './rpc/rpc-host.js';
export { readRpcConfig, rpcVariables } from './rpc/rpc.config.js';
export { createLoggerFromEnv, loggerVariables } from './logger.config.js';
export { HttpError, errorJson, toHttpError, type HttpAnswer } from './http/http-error.js';
export { HTTP_ERROR_RENDERER, type HttpErrorRenderer } from './http/error-filter.js';
export { FormBody } from './http/body-parsers.js';
export { parseFormParameters, parseQueryParameters, type FormParameter } from './http/form.js';
export { parseJsonBody } from './http/json-body.js';
export { corsVariables, readCorsConfig, type CorsOptions } from './http/cors.js';
export type { HttpTransport, TlsCertificate } from './http/transport.js';
export {
  httpVariables,
  readHttpConfig,
  requireTransport,
  type HttpConfig,
  type HttpConfigOptions,
} from './http/http.config.js';
export { HealthController } from './http/health.http.js';
export { named } from './openapi/api-schema.js';
export { joinDescriptions, writeDocument, type OpenapiDocument } from './openapi/document.js';
export { OpenapiModule, openapiOf } from './openapi/openapi.http.js';
export { jwkSchema, jwkSetSchema } from './openapi/jwk-schema.js';
export { errorSchema, processOperations, processTags } from './openapi/process-operations.js';
export type {
  ApiAnswer,
  ApiBody,
  ApiDescription,
  ApiMethod,
  ApiOperation,
  ApiParameter,
  ApiParameters,
  ApiSecurity,
  ApiSecurityScheme,
} from './openapi/operation.js';
export { createHttpApp, type HttpApp, type HttpAppOptions } from './http/http-app.js';
export { startOperations, type Operations, type OperationsOptions } from './operations.js';
export { runService, type RunServiceOptions, type RunningService } from './run-service.js';
export { startHttpService, startService, type HttpServiceOptions, type ServiceOptions } from './start-service.js';
