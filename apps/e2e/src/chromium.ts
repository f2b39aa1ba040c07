import { execFileSync } from 'node:child_process';
import { type Browser, chromium } from 'playwright-core';

/** Chromium on PATH; on Debian as root it is installed; else the command to run is named (rulings 6). */
function chromiumProgram(): string {
  const find = (): string | undefined => {
    for (const name of ['chromium', 'chromium-browser', 'google-chrome'])
      try {
        return execFileSync('sh', ['-c', `command -v ${name}`], { encoding: 'utf8' }).trim();
      } catch {
        continue;
      }
    return undefined;
  };
  const present = find();
  if (present !== undefined) return present;
  if (process.getuid?.() === 0) {
    process.stderr.write('chromium is not on PATH: installing it with apt-get\n');
    execFileSync(
      'sh',
      [
        '-c',
        'apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium',
      ],
      { stdio: ['ignore', 'ignore', 'inherit'], timeout: 400_000 },
    );
    const installed = find();
    if (installed !== undefined) return installed;
  }
  throw new Error('The browser tests need Chromium on PATH. Install it, for example: sudo apt-get install chromium');
}

/** Starts a headless Chromium that talks to loopback and nowhere else. */
export function startChromium(): Promise<Browser> {
  return chromium.launch({
    executablePath: chromiumProgram(),
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  });
}
