import { splitCommand } from '../engine/config/command.ts';
import { keyOf } from '../engine/config/env.ts';
import { exposedPorts } from '../engine/config/exposed.ts';
import { healthcheckOf } from '../engine/config/health.ts';
import type { ContainerRecord } from '../engine/record.ts';
import type { ImageDefaults } from '../image/types.ts';
import { SIGTERM, signalName } from '../spec/linux.ts';

/** `Config` of docker inspect: what was asked for, over what the image has. */
export function describeConfig(record: ContainerRecord, image: ImageDefaults) {
  const { config } = record;
  const { graceMs } = config.stop ?? {};
  const Healthcheck = healthcheckOf(config.health, image.Healthcheck);
  const exposed = exposedPorts(config.exposed, image);
  const stopSignal = stopSignalOf(record, image);
  return {
    Hostname: record.hostname,
    Domainname: config.domainname ?? '',
    User: config.user ?? image.User ?? '',
    AttachStdin: false,
    AttachStdout: false,
    AttachStderr: false,
    ...(exposed && { ExposedPorts: exposed }),
    Tty: config.tty ?? false,
    OpenStdin: config.openStdin ?? false,
    StdinOnce: false,
    Env: orNull(envOf(config.env ?? [], image.Env ?? [])),
    ...commandOf(record, image, {
      ...(Healthcheck && { Healthcheck }),
      Image: config.image,
      Volumes: image.Volumes ?? null,
      WorkingDir: config.workdir ?? image.WorkingDir ?? '',
    }),
    OnBuild: image.OnBuild ?? null,
    Labels: record.labels,
    ...(stopSignal !== undefined && { StopSignal: stopSignal }),
    ...(graceMs !== undefined && { StopTimeout: graceMs < 0 ? -1 : Math.ceil(graceMs / 1000) }),
  };
}

/** Go writes a list that was never made as null. */
export const orNull = <T>(list: readonly T[] | undefined): readonly T[] | null =>
  list && list.length > 0 ? list : null;

/** The image's after one's own, as Docker merges them. */
function envOf(own: readonly string[], image: readonly string[]): string[] {
  const named = new Set(own.map(keyOf));
  return [...own, ...image.filter((entry) => !named.has(keyOf(entry)))];
}

/** Cmd and Entrypoint with what Docker has between them. */
function commandOf<T extends object>({ config, argv }: ContainerRecord, image: ImageDefaults, between: T) {
  const { cmd, entrypoint } = splitCommand(config, argv, image);
  return { Cmd: orNull(cmd), ...between, Entrypoint: orNull(entrypoint) };
}

/** Missing, as with Docker, where neither the image nor anybody else names one. */
function stopSignalOf({ config, stopSignal }: ContainerRecord, { StopSignal }: ImageDefaults) {
  const named = config.stop?.signal !== undefined || Boolean(StopSignal);
  return named || stopSignal !== SIGTERM ? signalName(stopSignal) : undefined;
}
