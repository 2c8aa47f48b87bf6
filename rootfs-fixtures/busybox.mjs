// The embedded image: an OCI image layout (image-spec, image-layout.md) whose one layer is the distribution's static
// busybox, a hard link for each of its applets, and the files a small system has. The same busybox makes the same
// bytes: names are sorted, times are busybox's own, nothing of this machine goes in.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { arch as hostArch } from 'node:process';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import tar from 'tar-stream';

const OUT = fileURLToPath(new URL('out/busybox', import.meta.url));
const BUSYBOX = ['/bin/busybox', '/usr/bin/busybox', '/sbin/busybox'];
const GOARCH = { x64: 'amd64', arm64: 'arm64' };
const MEDIA = 'application/vnd.oci.image';

const PASSWD = [
  'root:x:0:0:root:/root:/bin/sh',
  'daemon:x:1:1:daemon:/usr/sbin:/bin/false',
  'bin:x:2:2:bin:/bin:/bin/false',
  'sys:x:3:3:sys:/dev:/bin/false',
  'sync:x:4:100:sync:/bin:/bin/sync',
  'mail:x:8:8:mail:/var/spool/mail:/bin/false',
  'www-data:x:33:33:www-data:/var/www:/bin/false',
  'operator:x:37:37:Operator:/var:/bin/false',
  'nobody:x:65534:65534:nobody:/home:/bin/false',
];
const GROUP = [
  ...['root:x:0:', 'daemon:x:1:', 'bin:x:2:', 'sys:x:3:', 'adm:x:4:', 'tty:x:5:', 'disk:x:6:', 'wheel:x:10:root'],
  ...['mail:x:8:', 'audio:x:29:', 'www-data:x:33:', 'operator:x:37:', 'staff:x:50:', 'users:x:100:', 'nobody:x:65534:'],
];
const SHADOW = PASSWD.map((line) => `${line.split(':')[0]}:*:::::::`);

const directory = (name, mode = 0o755) => ({ name: `${name}/`, type: 'directory', mode });
const file = (name, text, mode = 0o644) => ({ name, type: 'file', mode, body: Buffer.from(text) });
const lines = (list) => `${list.join('\n')}\n`;

function entries(busybox, applets) {
  return [
    ...['bin', 'dev', 'etc', 'home', 'proc', 'sys', 'usr', 'usr/bin', 'usr/sbin', 'var'].map((n) => directory(n)),
    ...['var/spool', 'var/spool/mail', 'var/www', 'var/log'].map((name) => directory(name)),
    directory('root', 0o700),
    directory('tmp', 0o1777),
    file('bin/busybox', busybox, 0o755),
    ...applets.map((name) => ({ name: `bin/${name}`, type: 'link', linkname: 'bin/busybox', mode: 0o755 })),
    { name: 'usr/bin/env', type: 'symlink', linkname: '../../bin/env', mode: 0o777 },
    file('etc/group', lines(GROUP)),
    file('etc/passwd', lines(PASSWD)),
    file('etc/shadow', lines(SHADOW), 0o600),
    // what a runtime binds its own over: there already, it needs nothing made in the layer above
    ...['hostname', 'hosts', 'resolv.conf'].map((name) => file(`etc/${name}`, '')),
    file('etc/nsswitch.conf', lines(['passwd: files', 'group: files', 'hosts: files dns'])),
  ];
}

/** The layer as an uncompressed tar. */
async function layerTar(list, mtime) {
  const pack = tar.pack();
  for (const { body, ...header } of list) pack.entry({ ...header, uid: 0, gid: 0, mtime }, body);
  pack.finalize();
  const chunks = [];
  for await (const chunk of pack) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** Applet names: asked of a busybox that runs here, so a foreign one gets the names of ours. */
function appletsOf(path) {
  for (const candidate of [path, ...BUSYBOX]) {
    const { status, stdout } = spawnSync(candidate, ['--list'], { encoding: 'utf8' });
    if (status === 0) return stdout.split('\n').filter((name) => name && name !== 'busybox').sort();
  }
  throw new Error(`no busybox that runs here, to list the applets of ${path}`);
}

/** Writes a blob, answers its descriptor. */
function blob(layout, mediaType, bytes) {
  const hash = createHash('sha256').update(bytes).digest('hex');
  writeFileSync(`${layout}/blobs/sha256/${hash}`, bytes);
  return { mediaType, digest: `sha256:${hash}`, size: bytes.length };
}

async function image(layout, architecture, path) {
  const mtime = new Date(Math.floor(statSync(path).mtimeMs / 1000) * 1000);
  const layer = await layerTar(entries(readFileSync(path), appletsOf(path)), mtime);
  const created = mtime.toISOString();
  const config = {
    created,
    architecture,
    os: 'linux',
    ...(architecture === 'arm64' && { variant: 'v8' }),
    config: { Env: ['PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'], Cmd: ['sh'] },
    rootfs: { type: 'layers', diff_ids: [`sha256:${createHash('sha256').update(layer).digest('hex')}`] },
    history: [
      { created, created_by: `scripts/fixtures: busybox-static of the distribution (${architecture})` },
    ],
  };
  const manifest = {
    schemaVersion: 2,
    mediaType: `${MEDIA}.manifest.v1+json`,
    config: blob(layout, `${MEDIA}.config.v1+json`, Buffer.from(JSON.stringify(config))),
    layers: [blob(layout, `${MEDIA}.layer.v1.tar+gzip`, gzipSync(layer, { level: 9 }))],
  };
  const platform = { architecture, os: 'linux', ...(config.variant && { variant: config.variant }) };
  return { ...blob(layout, manifest.mediaType, Buffer.from(JSON.stringify(manifest))), platform };
}

/** `amd64=/path` arguments, or this machine's busybox. */
function sources(args) {
  if (args.length > 0) return args.map((arg) => arg.split('='));
  const path = BUSYBOX.find((candidate) => existsSync(candidate));
  if (!path) throw new Error('no busybox here: install the package busybox-static');
  return [[GOARCH[hostArch] ?? hostArch, path]];
}

async function main() {
  const layout = `${OUT}.new-${process.pid}`;
  mkdirSync(`${layout}/blobs/sha256`, { recursive: true });
  const images = [];
  for (const [architecture, path] of sources(process.argv.slice(2)))
    images.push(await image(layout, architecture, path));
  // several platforms stand behind one name, in an index of their own
  const indexType = `${MEDIA}.index.v1+json`;
  const all = { schemaVersion: 2, mediaType: indexType, manifests: images };
  const top = images.length === 1 ? images[0] : blob(layout, indexType, Buffer.from(JSON.stringify(all)));
  const named = { ...top, annotations: { 'org.opencontainers.image.ref.name': 'busybox:latest' } };
  writeFileSync(`${layout}/oci-layout`, '{"imageLayoutVersion":"1.0.0"}');
  writeFileSync(
    `${layout}/index.json`,
    JSON.stringify({ schemaVersion: 2, mediaType: indexType, manifests: [named] }),
  );
  rmSync(OUT, { recursive: true, force: true });
  renameSync(layout, OUT);
}

try {
  await main();
} catch (error) {
  console.error(`fixtures: ${error.message}`);
  process.exitCode = 1;
}
