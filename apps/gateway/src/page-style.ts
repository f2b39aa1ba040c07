/** Where the pages find their style. It is a file of our own origin, so that their policy can forbid all inline style. */
export const PAGE_STYLE_PATH = '/assets/castellan.css';

/** The look of our own pages; they read well without it. */
export const PAGE_STYLE = `
:root { color-scheme: light dark; --paper: #f3f5fb; --card: #fff; --ink: #1b1b2f; --soft: #565974; --line: #dcdff0; }
@media (prefers-color-scheme: dark) {
  :root { --paper: #14151f; --card: #1e2030; --ink: #eceefa; --soft: #b3b7d0; --line: #34374f; }
}
body { margin: 0; background: var(--paper); color: var(--ink); font: 1rem/1.5 system-ui, sans-serif; }
main { box-sizing: border-box; max-width: 34rem; margin: 12vh auto 0; padding: 2rem; background: var(--card);
  border: 1px solid var(--line); border-radius: 0.75rem; }
h1 { margin: 0 0 1rem; font-size: 1.5rem; line-height: 1.25; }
p { margin: 0.75rem 0 0; color: var(--soft); overflow-wrap: anywhere; }
code { padding: 0.1rem 0.4rem; border-radius: 0.35rem; background: var(--paper); color: var(--ink);
  font-family: ui-monospace, monospace; }
button { margin-top: 0.5rem; padding: 0.6rem 1.4rem; border: 0; border-radius: 0.5rem; background: #3d3ad6; color: #fff;
  font: inherit; font-weight: 600; cursor: pointer; }
button:focus-visible, a:focus-visible { outline: 3px solid #8f8cff; outline-offset: 2px; }
a { color: inherit; }
@media (max-width: 36rem) { main { margin: 0; min-height: 100vh; border: 0; border-radius: 0; } }
`;
