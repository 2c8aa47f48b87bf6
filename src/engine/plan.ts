import { dirname, join } from 'node:path';
import { compile } from '../plan/compile/index.ts';
import type { Compiled } from '../plan/compile/options.ts';
import { checkHabitable } from '../runtime/cgroup.ts';
import { compileSeccomp } from '../runtime/seccomp.ts';
import type { Roots } from '../store/paths.ts';
import { type ContainerPaths, rootfsPoint } from './layout.ts';
import type { Blueprint } from './prepare.ts';

/** The plan of a foreground container: born in its cgroup, ending with its command, its root an overlay. */
export function planOf(roots: Roots, blueprint: Blueprint, paths: ContainerPaths): Compiled {
  const { spec, options, layers, host, record } = blueprint;
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
      ...(options.rm ? { options: ['volatile'] } : {}),
      ...(uidMappings && gidMappings ? { idmap: { uidMappings, gidMappings, trees } } : {}),
    },
    plain: blueprint.plain,
    ...(seccomp ? { seccomp } : {}),
    wait: { kind: 'exec' },
    onMissingController: 'refuse',
    dieWithParent: true,
    ...(options.interactive || options.tty ? {} : { nullInput: true }),
    // state.json is written there, while the container is set up and before its program runs
    yieldForState: true,
    ...(options.init ? { init: true } : {}),
  });
  if (compiled.cgroup !== undefined) checkHabitable(compiled.cgroup);
  return compiled;
}
