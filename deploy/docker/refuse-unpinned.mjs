// A release is built on a base that cannot change under its name: `RELEASE=1` needs NODE_IMAGE with its digest. Run by the
// Dockerfile before anything is built:
//   node deploy/docker/refuse-unpinned.mjs <RELEASE> <NODE_IMAGE>
const [release = '', image = ''] = process.argv.slice(2);

if (!['', '0', '1'].includes(release)) {
  process.stderr.write(`RELEASE is 1 or 0, not ${release}\n`);
  process.exit(2);
}
if (release === '1' && !/^[^@\s]+@sha256:[0-9a-f]{64}$/.test(image)) {
  process.stderr.write(
    `A release needs its base pinned: --build-arg NODE_IMAGE=<image>@sha256:<digest>, not ${image || 'nothing'}\n`,
  );
  process.exit(1);
}
