// Exit 0 when the URL answers with a 2xx status, else 1: images without a shell have no curl either.
const url = process.argv[2] ?? process.env.HEALTH_URL ?? `http://127.0.0.1:${process.env.OPS_PORT}/health/ready`;
const response = await fetch(url, { signal: AbortSignal.timeout(3000) }).catch(() => undefined);
process.exit(response?.ok === true ? 0 : 1);
