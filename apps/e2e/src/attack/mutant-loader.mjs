// Loaded into the product before anything else (`node --import`): hands out one of its modules with one line changed. What
// is on disk stays as it is. PRODUCT_MUTANT is JSON: module (end of its path), from, to.
import { register } from 'node:module';
import { isMainThread } from 'node:worker_threads';

const { module, from, to } = JSON.parse(process.env.PRODUCT_MUTANT);

if (isMainThread) register(import.meta.url);

export async function load(url, context, next) {
  const loaded = await next(url, context);
  if (!url.endsWith(module)) return loaded;
  const source = String(loaded.source);
  if (!source.includes(from)) throw new Error(`the mutant finds no line to change in ${module}`);
  return { ...loaded, source: source.replaceAll(from, to) };
}
