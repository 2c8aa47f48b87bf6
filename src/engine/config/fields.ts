import { ConfigError } from './error.ts';
import type { ContainerConfig, ExecConfig } from './types.ts';

/** What a field holds, for whoever writes a configuration without its types. */
const KINDS = {
  text: (value: unknown) => typeof value === 'string',
  number: (value: unknown) => typeof value === 'number',
  switch: (value: unknown) => typeof value === 'boolean',
  texts: (value: unknown) => Array.isArray(value) && value.every(KINDS.text),
  objects: (value: unknown) => Array.isArray(value) && value.every(KINDS.object),
  object: (value: unknown) => typeof value === 'object' && value !== null && !Array.isArray(value),
  table: (value: unknown) => KINDS.object(value) && Object.values(value as object).every(KINDS.text),
  mode: (value: unknown) => KINDS.text(value) || KINDS.object(value),
  network: (value: unknown) => KINDS.mode(value) || KINDS.objects(value),
  systemd: (value: unknown) => KINDS.switch(value) || value === 'always',
};

const NAMES: Readonly<Record<keyof typeof KINDS, string>> = {
  text: 'a text',
  number: 'a number',
  switch: 'true or false',
  texts: 'a list of texts',
  objects: 'a list of objects',
  object: 'an object',
  table: 'an object of texts',
  mode: 'a word or an object',
  network: 'a word, an object or a list of objects',
  systemd: "true, false or 'always'",
};

const FIELDS: Readonly<Record<keyof ContainerConfig, keyof typeof KINDS>> = {
  image: 'text',
  platform: 'object',
  args: 'texts',
  entrypoint: 'texts',
  env: 'texts',
  workdir: 'text',
  user: 'text',
  groups: 'texts',
  hostname: 'text',
  domainname: 'text',
  labels: 'table',
  annotations: 'table',
  tty: 'switch',
  openStdin: 'switch',
  init: 'switch',
  systemd: 'systemd',
  readOnly: 'switch',
  stop: 'object',
  restart: 'object',
  log: 'object',
  health: 'object',
  autoRemove: 'switch',
  mounts: 'objects',
  volumesFrom: 'texts',
  shmSize: 'number',
  devices: 'objects',
  vendorDevices: 'texts',
  deviceRules: 'texts',
  cgroupParent: 'text',
  exposed: 'texts',
  limits: 'object',
  sysctls: 'table',
  namespaces: 'object',
  network: 'network',
  ports: 'objects',
  publishAll: 'switch',
  publishHost: 'text',
  names: 'object',
  security: 'object',
};

/** Of a process in a running container. */
export const EXEC_FIELDS: Readonly<Record<keyof ExecConfig, keyof typeof KINDS>> = {
  args: 'texts',
  env: 'texts',
  workdir: 'text',
  user: 'text',
  tty: 'switch',
  openStdin: 'switch',
  privileged: 'switch',
};

/** A name that means nothing here was meant for something; a text is no list of its letters. @throws ConfigError */
export function checkFields(
  config: object,
  fields: Readonly<Record<string, keyof typeof KINDS>> = FIELDS,
): void {
  for (const [field, value] of Object.entries(config)) {
    const kind = Object.hasOwn(fields, field) ? fields[field] : undefined;
    if (kind === undefined) throw new ConfigError(field, 'there is no such field');
    if (value !== undefined && !KINDS[kind](value)) throw new ConfigError(field, `not ${NAMES[kind]}`);
  }
}
