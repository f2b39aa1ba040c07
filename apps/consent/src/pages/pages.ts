import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Eta } from 'eta/core';
import { type Languages, loadLanguages, type Translator } from './language.js';
import type { PageData } from './page-data.js';
import { loadScopeIcons, type ScopeIcons } from './scopes.js';

export type Asset = { readonly type: string; readonly content: Buffer };
export type Pages = {
  /** Markup of a page in a language. `display` is the parameter of OpenID Connect Core section 3.1.2.1. */
  render<Page extends keyof PageData>(
    page: Page,
    title: string,
    data: PageData[Page],
    translator: Translator,
    display?: string,
  ): string;
  /** A static file by its name with its fingerprint, as pages refer to it. */
  asset(name: string): Asset | undefined;
  /** Path of the logo that this app has for a client: `public/logos/<client ID, percent-encoded>.<svg, png or webp>`. */
  logoOf(clientId: string): string | undefined;
  readonly languages: Languages;
  readonly scopeIcons: ScopeIcons;
};

// Both src/ and dist/ lie beside these folders.
const at = (folder: string): URL => new URL(`../../${folder}/`, import.meta.url);
const TYPES: Readonly<Record<string, string>> = {
  css: 'text/css; charset=utf-8',
  svg: 'image/svg+xml',
  png: 'image/png',
  webp: 'image/webp',
  ico: 'image/x-icon',
  woff2: 'font/woff2',
};

/**
 * Reads templates, translations, icons and static files, once; with `reload` (for development) again for every page, so
 * that a change is seen at the next click.
 */
export function loadPages({ reload }: { readonly reload: boolean }): Pages {
  let loaded = readPages();
  const current = (): Pages => (reload ? (loaded = readPages()) : loaded);
  return {
    render: (...page) => current().render(...page),
    // What a page was rendered with, so that its fingerprints fit.
    asset: (name) => loaded.asset(name),
    logoOf: (clientId) => loaded.logoOf(clientId),
    get languages() {
      return loaded.languages;
    },
    get scopeIcons() {
      return loaded.scopeIcons;
    },
  };
}

function readPages(): Pages {
  const { assets, paths } = readAssets();
  const icons = new Map(
    readdirSync(at('icons')).map((file) => [
      file.replace(/\.svg$/, ''),
      readFileSync(new URL(file, at('icons')), 'utf8').trim(),
    ]),
  );
  const eta = new Eta({ autoEscape: true });
  for (const file of readdirSync(at('views')))
    eta.loadTemplate(`@${file.replace(/\.eta$/, '')}`, readFileSync(new URL(file, at('views')), 'utf8'));
  return {
    render: (page, title, data, translator, display) =>
      eta.render(`@${page}`, {
        ...data,
        title,
        page,
        display,
        lang: translator.language,
        t: translator.t,
        has: translator.has,
        rich: translator.rich,
        moment: translator.moment,
        icon: (name: string) => icons.get(name) ?? '',
        asset: (name: string) => paths.get(name) ?? '',
      }),
    asset: (name) => assets.get(name),
    logoOf(clientId) {
      const file = `logos/${encodeURIComponent(clientId)}`;
      return ['svg', 'png', 'webp'].map((type) => paths.get(`${file}.${type}`)).find((path) => path !== undefined);
    },
    languages: loadLanguages(),
    scopeIcons: loadScopeIcons(),
  };
}

/** Every file of `public/` and `public/logos/`, by the name that pages use, and with a fingerprint that browsers keep. */
function readAssets(): { assets: Map<string, Asset>; paths: Map<string, string> } {
  const assets = new Map<string, Asset>();
  const paths = new Map<string, string>();
  for (const folder of ['', 'logos/']) {
    for (const name of readdirSync(new URL(folder, at('public')))) {
      const type = TYPES[/\.(\w+)$/.exec(name)?.[1] ?? ''];
      if (type === undefined) continue;
      // The name may hold characters of its own, which a URL would read otherwise.
      const content = readFileSync(fileURLToPath(new URL(folder, at('public'))) + name);
      const print = createHash('sha256').update(content).digest('hex').slice(0, 12);
      const ending = name.slice(name.lastIndexOf('.'));
      const file = folder === '' ? `${name.slice(0, -ending.length)}-${print}${ending}` : `logo-${print}${ending}`;
      assets.set(file, { type, content });
      paths.set(folder + name, `/assets/${file}`);
    }
  }
  return { assets, paths };
}
