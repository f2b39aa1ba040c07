import { z } from 'zod';
import { readConfig, urlSchema } from '../config.js';

/** Where traces go and how many of them are kept. */
export type TracingConfig = {
  /** Base URL of an OTLP/HTTP collector; `/v1/traces` is added. */
  readonly endpoint: string;
  /** Share of traces that are kept, 0 to 1; a caller's decision in `traceparent` wins. */
  readonly sampleRatio: number;
  readonly serviceName: string;
};

function isRatio(text: string): boolean {
  return /^(?:0|1|0?\.\d{1,9}|0\.\d{1,9}|1\.0+)$/.test(text);
}

/** The variables of tracing, as OpenTelemetry names them. */
export const tracingVariables = z.object({
  OTEL_EXPORTER_OTLP_ENDPOINT: urlSchema.optional(),
  OTEL_TRACES_SAMPLER_ARG: z.string().refine(isRatio, 'must be a share from 0 to 1').default('1'),
  OTEL_SERVICE_NAME: z.string().optional(),
});

/**
 * Reads where traces go; undefined, and nothing of OpenTelemetry is loaded, without `OTEL_EXPORTER_OTLP_ENDPOINT`.
 * @throws ConfigError naming every variable that cannot be used
 */
export function readTracingConfig(env: NodeJS.ProcessEnv, name: string): TracingConfig | undefined {
  const variables = readConfig(tracingVariables, env);
  if (variables.OTEL_EXPORTER_OTLP_ENDPOINT === undefined) return undefined;
  return {
    endpoint: variables.OTEL_EXPORTER_OTLP_ENDPOINT.replace(/\/+$/, ''),
    sampleRatio: Number(variables.OTEL_TRACES_SAMPLER_ARG),
    serviceName: variables.OTEL_SERVICE_NAME ?? `castellan-${name}`,
  };
}
