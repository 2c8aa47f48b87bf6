// create, start and delete as three commands: what containerd and podman pay for a container.

import { create, nextId, remove, runtimes, start } from './lib/oci.mjs';

export const section = {
  name: 'lifecycle',
  order: 2,
  title: '`create`, `start` and `delete --force` of `true`',
  about: 'Three commands, one after the other, on the bundle of `runc spec`.',
  unit: 'ms',
  base: 'runc',
  runs: 20,
  open,
};

async function open(context) {
  const { host } = context;
  const contenders = Object.entries(runtimes(context, ['true'])).map(([name, runtime]) => ({
    name,
    measure: async () => {
      const id = nextId();
      const timed = [create(runtime, id), start(runtime, id), remove(runtime, id)];
      return host.ask({ timed, after: [remove(runtime, id)] });
    },
  }));
  const targets = [{ what: 'at most 2.0 × runc', contender: 'tinyrunc', base: 'runc', factor: 2 }];
  return { contenders, targets };
}
