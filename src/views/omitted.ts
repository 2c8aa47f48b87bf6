/** What Docker's JSON leaves out where it is empty and its templates see all the same, by the object that has it. */
const OMITTED = {
  container: { SizeRw: null, SizeRootFs: null },
  state: { Health: null },
  config: {
    ExposedPorts: null,
    Healthcheck: null,
    ArgsEscaped: false,
    NetworkDisabled: false,
    MacAddress: '',
    StopSignal: '',
    StopTimeout: null,
    Shell: null,
  },
  hostConfig: {
    Annotations: null,
    StorageOpt: null,
    Tmpfs: null,
    Sysctls: null,
    Mounts: null,
    Init: null,
  },
  mount: { Name: '', Driver: '' },
} as const;

/** The same object, in which a template finds them: JSON does not, since they are not enumerable. */
export function withOmitted<T extends object>(value: T, what: keyof typeof OMITTED): T {
  for (const [name, zero] of Object.entries(OMITTED[what]))
    if (!Object.hasOwn(value, name)) Object.defineProperty(value, name, { value: zero });
  return value;
}
