// Pull and unpack of the big image from a registry on loopback.

import { join } from 'node:path';
import { makeBundle } from '../../scripts/lib/bundle.mjs';
import { startDocker } from './lib/docker.mjs';
import { startRegistry } from './lib/registry.mjs';

const TINYRUN = 'tinyrun pull';
const DOCKER = 'docker pull';
const SKOPEO = 'skopeo copy + umoci unpack';

export const section = {
  name: 'pull',
  order: 6,
  title: 'Pulling and unpacking an image of 270 MB',
  about:
    'Debian by debootstrap in 3 layers (110 MB packed), from docker-registry on loopback into an empty store, until it ' +
    'can be run. What was written before is on disk before each turn.',
  unit: 'ms',
  base: DOCKER,
  runs: 7,
  open,
};

async function open({ root, directory, host, atEnd }) {
  const registry = await startRegistry({ root, directory: join(directory, 'registry'), atEnd });
  if (registry.why) return { contenders: [], skipped: [{ name: 'all', why: registry.why }] };
  const { reference } = registry;
  const rootfs = join(makeBundle(join(directory, 'bundle'), ['true']), 'rootfs');
  const docker = await startDocker({ directory: join(directory, 'docker'), rootfs, atEnd });
  const at = (name) => join(directory, name);
  const fresh = (...paths) => [['rm', '-rf', ...paths], ['sync']];
  const contenders = [
    {
      name: TINYRUN,
      measure: () =>
        host.ask({
          prepare: fresh(at('data')),
          timed: [[join(root, 'bin/tinyrun'), '--data-root', at('data'), 'pull', '-q', reference]],
        }),
    },
    {
      name: SKOPEO,
      measure: () =>
        host.ask({
          prepare: fresh(at('layout'), at('unpacked')),
          timed: [
            [
              'skopeo',
              'copy',
              '-q',
              '--src-tls-verify=false',
              `docker://${reference}`,
              `oci:${at('layout')}:1`,
            ],
            ['umoci', 'unpack', '--image', `${at('layout')}:1`, at('unpacked')],
          ],
        }),
    },
  ];
  if (docker.host) contenders.push(dockerPull(docker, reference, host));
  const targets = [
    { what: 'at most 0.3 × docker pull', contender: TINYRUN, base: DOCKER, factor: 0.3 },
    { what: 'at most 0.6 × skopeo copy + umoci unpack', contender: TINYRUN, base: SKOPEO, factor: 0.6 },
  ];
  const skipped = docker.host ? [] : [{ name: DOCKER, why: docker.why }];
  return { contenders, targets, skipped };
}

function dockerPull(docker, reference, host) {
  const run = (...args) => ['docker', '-H', docker.host, ...args];
  return {
    name: DOCKER,
    measure: () =>
      host.ask({
        prepare: [['sync']],
        timed: [run('pull', '-q', reference)],
        after: [run('rmi', '-f', reference)],
      }),
  };
}
