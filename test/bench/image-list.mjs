// Listing a store of 500 images.

import { createHash } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const TINYRUN = 'tinyrun images';
const NODE = 'node -e 0';

export const section = {
  name: 'images',
  order: 9,
  title: 'Listing 500 images',
  about: 'The whole command, with a store of 500 images of six layers each.',
  unit: 'ms',
  base: NODE,
  runs: 30,
  open,
};

const digest = (text) => `sha256:${createHash('sha256').update(text).digest('hex')}`;

function entry(i) {
  const name = `registry.example/team/image-${i}:1.${i}`;
  return {
    mediaType: 'application/vnd.oci.image.manifest.v1+json',
    digest: digest(`manifest ${i}`),
    size: 1200,
    platform: { os: 'linux', architecture: 'amd64' },
    annotations: {
      'org.opencontainers.image.ref.name': name,
      'io.containerd.image.name': name,
      'org.tinyrun.image.id': digest(`config ${i}`),
      'org.tinyrun.image.created': new Date(1.7e12 + i * 1e7).toISOString(),
      'org.tinyrun.image.stored': new Date(1.75e12).toISOString(),
      'org.tinyrun.image.size': String(1e6 * (i + 1)),
      'org.tinyrun.image.layers': Array.from({ length: 6 }, (_, j) => digest(`layer ${i} ${j}`)).join(' '),
      'org.tinyrun.repo.digests': `registry.example/team/image-${i}@${digest(`manifest ${i}`)}`,
      'org.tinyrun.image.labels': JSON.stringify({ maintainer: 'somebody', version: String(i) }),
    },
  };
}

async function open({ root, directory, host }) {
  const data = join(directory, 'data');
  mkdirSync(join(data, 'images/blobs/sha256'), { recursive: true });
  writeFileSync(join(data, 'images/oci-layout'), '{"imageLayoutVersion":"1.0.0"}');
  const manifests = Array.from({ length: 500 }, (_, i) => entry(i));
  writeFileSync(join(data, 'images/index.json'), JSON.stringify({ schemaVersion: 2, manifests }));
  return {
    contenders: [
      { name: NODE, measure: () => host.ask({ timed: [[process.execPath, '-e', '0']] }) },
      {
        name: TINYRUN,
        measure: () => host.ask({ timed: [[join(root, 'bin/tinyrun'), '--data-root', data, 'images']] }),
      },
    ],
    targets: [{ what: 'at most node -e 0 + 25 ms', contender: TINYRUN, base: NODE, plus: 25 }],
  };
}
