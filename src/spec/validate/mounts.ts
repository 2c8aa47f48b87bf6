// Rules of mounts, devices and hooks.

import type { Linux, Mount, Spec } from '../types.ts';
import { checkMappings, namespaceOf } from './namespaces.ts';
import { at, quote, type Report } from './report.ts';

type Rule = (spec: Spec, linux: Linux, report: Report) => void;

const isBind = (mount: Mount): boolean =>
  mount.type === 'bind' || (mount.options ?? []).some((option) => option === 'bind' || option === 'rbind');

const sources: Rule = (spec, _linux, report) => {
  for (const [i, mount] of (spec.mounts ?? []).entries()) {
    if (isBind(mount) && !mount.source) report.error(at(at('mounts', i), 'source'), 'a bind mount needs one');
    if (!isBind(mount) && !mount.type && !isAttributeOnly(mount))
      report.error(at(at('mounts', i), 'type'), 'is missing, and the options ask for no bind');
  }
};

/** Changes of an existing mount: `remount`, or propagation alone. */
function isAttributeOnly(mount: Mount): boolean {
  const propagation = /^r?(private|shared|slave|unbindable)$/;
  return (mount.options ?? []).some((option) => option === 'remount' || propagation.test(option));
}

/** Idmapped mounts, mount_setattr(2): MOUNT_ATTR_IDMAP goes on a clone of a mount, so on bind mounts. */
const idMapped: Rule = (spec, linux, report) => {
  for (const [i, mount] of (spec.mounts ?? []).entries()) {
    const here = at('mounts', i);
    const uid = mount.uidMappings ?? [];
    const gid = mount.gidMappings ?? [];
    const option = (mount.options ?? []).find((o) => o === 'idmap' || o === 'ridmap');
    if (uid.length === 0 && gid.length === 0) {
      if (option && !namespaceOf(linux, 'user'))
        report.error(
          at(here, 'options'),
          `${option} needs uidMappings and gidMappings, or a user namespace to take them from`,
        );
      if (option && !isBind(mount)) report.error(at(here, 'options'), `${option} is only for bind mounts`);
      continue;
    }
    if (!isBind(mount)) report.error(at(here, 'uidMappings'), 'are only for bind mounts');
    if (uid.length === 0) report.error(at(here, 'uidMappings'), 'is missing beside gidMappings');
    if (gid.length === 0) report.error(at(here, 'gidMappings'), 'is missing beside uidMappings');
    checkMappings(uid, at(here, 'uidMappings'), report);
    checkMappings(gid, at(here, 'gidMappings'), report);
  }
};

const devices: Rule = (_spec, linux, report) => {
  for (const [i, device] of (linux.devices ?? []).entries()) {
    if (device.type === 'p') continue;
    for (const field of ['major', 'minor'] as const)
      if (device[field] === undefined || device[field] === null)
        report.error(at(at('linux.devices', i), field), `is missing: only type p goes without`);
  }
};

const annotations: Rule = (spec, _linux, report) => {
  if (Object.keys(spec.annotations ?? {}).length > 10_000)
    report.error('annotations', 'has more than 10000 entries');
};

/** config.md, "Mounts": for the sake of old tools a relative one starts at /. */
const destinations: Rule = (spec, _linux, report) => {
  for (const [i, { destination }] of (spec.mounts ?? []).entries())
    if (!destination.startsWith('/'))
      report.warn(
        at(at('mounts', i), 'destination'),
        `${quote(destination)} is not an absolute path, which is deprecated: it starts at /`,
      );
};

export const MOUNT_RULES: readonly Rule[] = [destinations, sources, idMapped, devices, annotations];
