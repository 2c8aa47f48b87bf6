import { describe, expect, it } from 'vitest';
import {
  DEFAULT_CAPABILITIES,
  DEVICE_ALLOWLIST,
  defaultMounts,
  defaultSpec,
  MASKED_PATHS,
  READONLY_PATHS,
} from '../../../src/spec/defaults.ts';
import { defaultSeccomp } from '../../../src/spec/seccomp.ts';
import { rootlessTemplate, specTemplate } from '../../../src/spec/template.ts';
import { validateSpec } from '../../../src/spec/validate/index.ts';

const sound = { errors: [], warnings: [] };

describe('defaultSpec', () => {
  it('is valid, also with its seccomp profile', () => {
    const spec = defaultSpec();
    expect(validateSpec(spec)).toMatchObject(sound);
    const seccomp = defaultSeccomp(DEFAULT_CAPABILITIES, 'x64');
    expect(validateSpec({ ...spec, linux: { ...spec.linux, seccomp } })).toMatchObject(sound);
  });

  it('grants 14 capabilities, none inheritable or ambient', () => {
    const caps = defaultSpec().process?.capabilities;
    expect(caps?.bounding).toHaveLength(14);
    expect(caps?.permitted).toEqual(caps?.bounding);
    expect(caps?.effective).toEqual(caps?.bounding);
    expect([caps?.inheritable, caps?.ambient]).toEqual([[], []]);
  });

  it('masks and protects what table C names', () => {
    for (const name of 'acpi asound interrupts kcore keys latency_stats sched_debug scsi timer_list timer_stats'.split(
      ' ',
    ))
      expect(MASKED_PATHS).toContain(`/proc/${name}`);
    expect(MASKED_PATHS).toContain('/sys/firmware');
    expect(MASKED_PATHS).toContain('/sys/devices/virtual/powercap');
    expect(READONLY_PATHS).toEqual(
      ['bus', 'fs', 'irq', 'sys', 'sysrq-trigger'].map((name) => `/proc/${name}`),
    );
  });

  it('mounts parents before children, and nothing writable that may run or hold devices but /dev', () => {
    const seen: string[] = [];
    for (const { destination, options = [] } of defaultMounts()) {
      expect(seen).not.toContain(destination);
      seen.push(destination);
      if (destination !== '/dev') expect(options).toEqual(expect.arrayContaining(['nosuid', 'noexec']));
    }
    expect(seen.indexOf('/dev')).toBeLessThan(seen.indexOf('/dev/pts'));
    expect(seen.indexOf('/sys')).toBeLessThan(seen.indexOf('/sys/fs/cgroup'));
    expect(defaultMounts(4096).find((m) => m.destination === '/dev/shm')?.options).toContain('size=4096');
  });

  it('denies all devices first', () => {
    const devices = defaultSpec().linux?.resources?.devices ?? [];
    expect(devices[0]).toEqual({ allow: false, access: 'rwm' });
    expect(devices.slice(1)).toEqual(DEVICE_ALLOWLIST);
    const opened = DEVICE_ALLOWLIST.filter((rule) => rule.access === 'rwm');
    expect(opened.map((rule) => `${rule.major}:${rule.minor ?? '*'}`).join(' ')).toBe(
      '1:3 1:5 1:7 1:8 1:9 5:0 5:1 5:2 136:*',
    );
  });
});

describe('specTemplate', () => {
  it('is valid with and without root', () => {
    expect(validateSpec(specTemplate(true))).toMatchObject({ errors: [] });
    expect(validateSpec(rootlessTemplate({ uid: 1000, gid: 1000, cgroup2: true }))).toMatchObject({
      errors: [],
    });
  });

  it('keeps the host network and maps the caller without root', () => {
    const spec = rootlessTemplate({ uid: 1000, gid: 100, cgroup2: false });
    expect(spec.linux?.namespaces?.map((ns) => ns.type)).toEqual(['pid', 'ipc', 'uts', 'mount', 'user']);
    expect(spec.linux?.uidMappings).toEqual([{ containerID: 0, hostID: 1000, size: 1 }]);
    expect(spec.linux?.gidMappings).toEqual([{ containerID: 0, hostID: 100, size: 1 }]);
    expect(spec.linux?.resources).toBeUndefined();
    expect(JSON.stringify(spec.mounts)).not.toContain('gid=5');
  });
});
