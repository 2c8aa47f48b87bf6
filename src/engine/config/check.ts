import { availableParallelism } from 'node:os';
import type { HostFacts } from '../../plan/host.ts';
import { machineSet } from '../../runtime/host.ts';
import { DEFAULT_CAPABILITIES, DEFAULT_SHM_SIZE } from '../../spec/defaults.ts';
import { capabilityNames } from '../../spec/linux.ts';
import type { LinuxResources, Mount, POSIXRlimit } from '../../spec/types.ts';
import { capabilitiesOf } from './capabilities.ts';
import { type DeviceGrant, devicesOf } from './devices.ts';
import { checkEnv } from './env.ts';
import { ConfigError } from './error.ts';
import { checkFields } from './fields.ts';
import { bytesOf, type Machine, oomScoreAdjOf, resourcesOf, rlimitsOf } from './limits.ts';
import { type LogLimits, logLimits } from './log.ts';
import { cleanTarget, missingSources, mountsOf } from './mounts.ts';
import { type Modes, namespaceModes } from './namespaces.ts';
import { checkPropagation } from './propagation.ts';
import { checkStop } from './stop.ts';
import type { ContainerConfig } from './types.ts';

/** What a configuration comes to on this host, whatever its image is. */
export interface Checked {
  readonly modes: Modes;
  readonly capabilities: readonly string[];
  readonly resources: LinuxResources;
  readonly rlimits: readonly POSIXRlimit[];
  readonly oomScoreAdj?: number;
  readonly shmSize: number;
  readonly workdir: string | undefined;
  readonly mounts: readonly Mount[];
  /** Directories of the host that are to be made. */
  readonly missingSources: readonly string[];
  readonly devices: DeviceGrant;
  readonly log: LogLimits | undefined;
}

/** Refuses what no image could make right: before one is fetched. @throws ConfigError */
export function checkConfig(config: ContainerConfig, host: HostFacts): Checked {
  const { limits = {}, security = {}, mounts = [], devices = [], namespaces, hostname } = config;
  checkFields(config);
  if (namespaces?.uts === 'host' && hostname !== undefined)
    throw new ConfigError('hostname', 'conflicting options: hostname and the UTS mode');
  checkStop(config);
  checkEnv(config.env ?? []);
  checkPropagation(mounts);
  const held = capabilityNames(host.capabilities.effective);
  return {
    modes: namespaceModes(config),
    capabilities: capabilitiesOf(security, DEFAULT_CAPABILITIES, held),
    resources: resourcesOf(limits, machineOf(host)),
    rlimits: rlimitsOf(limits),
    ...oomScoreAdjOf(limits),
    shmSize: bytesOf('shmSize', config.shmSize) || DEFAULT_SHM_SIZE,
    workdir: config.workdir && workdirOf(config.workdir),
    mounts: mountsOf(mounts),
    missingSources: missingSources(mounts),
    devices: devicesOf(devices, security.privileged === true),
    log: logLimits(config.log),
  };
}

const machineOf = ({ cgroup }: HostFacts): Machine => ({
  processors: availableParallelism(),
  readSet: (kind) => machineSet(cgroup, kind),
});

/** Cleaned before it is made, as runc and Docker do: of `/a/../b` there need be no /a. */
export function workdirOf(path: string): string {
  if (path.startsWith('/')) return cleanTarget(path);
  throw new ConfigError('workdir', 'not an absolute path');
}
