import { timestamp, type IssuedTokens } from './issued-tokens.js';

const style = `
:root { color-scheme: light dark; }
body { font: 1rem/1.5 system-ui, sans-serif; margin: 0 auto; max-width: 46rem; padding: 2rem 1rem; }
h1 { font-size: 1.5rem; line-height: 1.2; }
ul { list-style: none; padding: 0; }
li { border-top: 1px solid #8886; padding: 0.75rem 0; }
code { display: block; font-family: ui-monospace, monospace; overflow-wrap: anywhere; }
`;

/** The page that shows the tokens to the browser's user. Works without scripts. */
export function tokensPage(tokens: IssuedTokens): string {
  const rows: readonly (readonly [string, string])[] = [
    ['Access Token', tokens.accessToken],
    ['Refresh Token', tokens.refreshToken],
    ['Expires in', timestamp(tokens.expiresAt)],
    ['ID Token', tokens.idToken],
  ];
  const items = rows.map(([name, value]) => `<li>${name}: <code>${escapeHtml(value)}</code></li>`).join('\n');
  return page('Tokens issued', `<ul>\n${items}\n</ul>\n<p>You can close this window.</p>`);
}

/** The page that ends a login whose tokens go to the terminal only. */
export function donePage(): string {
  return page('Tokens issued', '<p>They are in the terminal. You can close this window.</p>');
}

export function errorPage(message: string): string {
  const lines = message.split('\n').map((line) => `<p>${escapeHtml(line)}</p>`);
  return page('No token was issued', lines.join('\n'));
}

function page(title: string, content: string): string {
  return `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title}</title>
<style>${style}</style>
</head>
<body>
<main>
<h1>${title}</h1>
${content}
</main>
</body>
</html>
`;
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
