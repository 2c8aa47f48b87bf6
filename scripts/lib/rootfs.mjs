import { copyFileSync, mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';

const DIRECTORIES = 'bin dev etc proc root sys tmp'.split(' ');
const APPLETS = (
  'cat dd echo env false grep head hostname id ip kill ls mkdir mount ps pwd readlink rm sh sha256sum sleep stat stty tail ' +
  'test top touch true tty uname wc'
).split(' ');

/** A root filesystem with busybox: of a bundle, or to be imported as an image. Answers its directory. */
export function makeRootfs(dir) {
  for (const name of DIRECTORIES) mkdirSync(join(dir, name), { recursive: true });
  copyFileSync('/bin/busybox', join(dir, 'bin/busybox'));
  for (const name of APPLETS) symlinkSync('busybox', join(dir, 'bin', name));
  return dir;
}
