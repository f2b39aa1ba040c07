import { spawn } from 'node:child_process';

const openers: { readonly [platform: string]: readonly string[] } = {
  darwin: ['open'],
  // Unlike `cmd /c start`, this interprets no character of the URL.
  win32: ['rundll32', 'url.dll,FileProtocolHandler'],
};

/** Asks the desktop to show a URL. Whether it can is not known; nothing happens where it cannot. */
export function openBrowser(url: string): void {
  const [program = 'xdg-open', ...args] = openers[process.platform] ?? ['xdg-open'];
  const child = spawn(program, [...args, url], { detached: true, stdio: 'ignore' });
  child.on('error', () => undefined);
  child.unref();
}
