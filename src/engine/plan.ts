import { dirname } from 'node:path';
import { compile } from '../plan/compile/index.ts';
import type { Compiled } from '../plan/compile/options.ts';
import type { StepArgs } from '../plan/steps.gen.ts';
import { checkHabitable } from '../runtime/cgroup.ts';
import { compileSeccomp } from '../runtime/seccomp.ts';
import { bootId, type Lifeline, publishedState } from '../runtime/state.ts';
import { OCI_VERSION } from '../spec/version.ts';
import { join } from '../store/join.ts';
import type { Roots } from '../store/paths.ts';
import type { Blueprint } from './blueprint.ts';
import { placesOf } from './config/mounts.ts';
import { type ContainerPaths, rootfsPoint } from './layout.ts';

/** The plan of an engine's container: born in its cgroup, ending with its lifeline, its root an overlay. */
export function planOf(
  roots: Roots,
  blueprint: Blueprint,
  paths: ContainerPaths,
  lifeline: Lifeline,
): Compiled {
  const { spec, config, layers, host, record } = blueprint;
  const profile = spec.linux?.seccomp;
  const { uidMappings, gidMappings } = spec.linux ?? {};
  // upper has the container's ids on disk: overlayfs makes its work directory as root, whom a mapped one would refuse
  const trees = [dirname(layers.base)];
  const seccomp = profile && compileSeccomp(profile, join(roots.dataRoot, 'cache', 'seccomp'));
  const compiled = compile(spec, host, {
    id: record.id,
    bundle: paths.run,
    rootfs: {
      kind: 'overlay',
      mountpoint: rootfsPoint(roots),
      lowers: layers.lowers,
      base: layers.base,
      upper: paths.upper,
      work: paths.work,
      // unmounting an overlay syncs the file system below it, which nobody needs for what is removed at once
      ...(config.autoRemove ? { options: ['volatile'] } : {}),
      ...(uidMappings && gidMappings ? { idmap: { uidMappings, gidMappings, trees } } : {}),
    },
    plain: blueprint.plain,
    ...placesOf(record.placed),
    ...(seccomp ? { seccomp } : {}),
    ...(blueprint.policy ? { apparmor: blueprint.policy } : {}),
    wait: { kind: 'exec' },
    onMissingController: 'refuse',
    dieWithParent: true,
    ...(config.openStdin || config.tty ? {} : { nullInput: true }),
    publish: (cgroup) => stateOf(blueprint, paths, lifeline, cgroup),
    ...(blueprint.nested ? { nested: true } : {}),
    ...(blueprint.attached ? { contributions: blueprint.attached.contributions } : {}),
    ...(config.init ? { init: true } : {}),
  });
  if (compiled.cgroup !== undefined) checkHabitable(compiled.cgroup);
  return compiled;
}

/** state.json, which the runtime's verbs go by. */
function stateOf(
  { spec, record, host }: Blueprint,
  { run }: ContainerPaths,
  lifeline: Lifeline,
  cgroup: string | undefined,
): StepArgs['publish'] {
  return publishedState(run, {
    version: 1,
    id: record.id,
    ociVersion: OCI_VERSION,
    bundle: run,
    rootfs: spec.root?.path ?? '',
    created: record.created,
    owner: host.uid,
    bootId: bootId(),
    lifeline,
    ...(cgroup === undefined ? {} : { cgroup }),
    fifo: '',
  });
}
