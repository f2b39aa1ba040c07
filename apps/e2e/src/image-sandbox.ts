import { type ChildProcess, spawn } from 'node:child_process';
import { chmodSync, chownSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

/** The user of the images. */
export const IMAGE_USER = 65532;
const isRoot = process.getuid?.() === 0;

// In a mount namespace of its own: our folder at /mnt, every other mount read-only, an empty /tmp. Then no privileges.
const SCRIPT = `
set -e
mount --make-rprivate /
mount --bind "$SANDBOX_ROOT" /mnt
for volume in $SANDBOX_WRITABLE; do mount --bind "$SANDBOX_ROOT/$volume" "/mnt/$volume"; done
cut -d' ' -f2 /proc/self/mounts | sort -ru | while read -r place; do
  for volume in $SANDBOX_WRITABLE; do [ "$place" = "/mnt/$volume" ] && continue 2; done
  mount -o remount,ro,bind "$place" 2>/dev/null || true
done
mount -t tmpfs -o size=64m,mode=1777 tmpfs /tmp
cd "$SANDBOX_WORKDIR"
unset SANDBOX_ROOT SANDBOX_WRITABLE SANDBOX_WORKDIR
exec setpriv ${isRoot ? `--reuid ${IMAGE_USER} --regid ${IMAGE_USER} --clear-groups` : ''} \
  --no-new-privs --inh-caps=-all --bounding-set=-all "$@"
`;

/** One program as a container would run it. */
export type Contained = {
  readonly child: ChildProcess;
  output(): string;
  /** Standard output alone. */
  stdout(): string;
  readonly ended: Promise<number | null>;
};

/** What an image and `docker compose` say of a container. */
export type ContainerOptions = {
  readonly workdir: string;
  readonly env: Readonly<Record<string, string>>;
  /** Folders below the root that are volumes. */
  readonly writable?: readonly string[];
  readonly stdin?: string;
};

/** A folder that stands in for the file systems of images: an unprivileged user, a read-only tree, a temporary folder. */
export type Sandbox = {
  /** The folder, which is /mnt inside. */
  readonly root: string;
  /** Makes a volume that the user of the images owns. */
  volume(name: string): void;
  run(command: readonly string[], options: ContainerOptions): Contained;
  remove(): void;
};

/** Makes a sandbox. It needs `unshare` and `setpriv` (util-linux), and root or user namespaces. */
export function createSandbox(): Sandbox {
  const root = mkdtempSync(path.join(tmpdir(), 'castellan-images-'));
  chmodSync(root, 0o755);
  return {
    root,
    volume(name) {
      mkdirSync(path.join(root, name));
      if (isRoot) chownSync(path.join(root, name), IMAGE_USER, IMAGE_USER);
    },
    run(command, { workdir, env, writable = [], stdin }) {
      const child = spawn('unshare', [isRoot ? '-m' : '-Urm', 'sh', '-c', SCRIPT, 'sh', ...command], {
        env: {
          PATH: process.env['PATH'] ?? '',
          SANDBOX_ROOT: root,
          SANDBOX_WRITABLE: writable.join(' '),
          SANDBOX_WORKDIR: workdir,
          ...env,
        },
        stdio: ['pipe', 'pipe', 'pipe'],
      });
      let [output, stdout] = ['', ''];
      child.stdout.on('data', (chunk: Buffer) => {
        output += chunk.toString();
        stdout += chunk.toString();
      });
      child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()));
      child.stdin.on('error', () => undefined);
      child.stdin.end(stdin ?? '');
      return {
        child,
        output: () => output,
        stdout: () => stdout,
        ended: new Promise((resolve) => child.once('close', resolve)),
      };
    },
    remove: () => rmSync(root, { recursive: true, force: true }),
  };
}
