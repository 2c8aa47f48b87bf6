// Every error a person can meet: its code, exit code and hint, in one table. docs/errors.md is kept equal to it
// by a test. Exit codes are Docker's: 125 tinyrun itself, 126 not executable, 127 not found.

interface ErrorEntry {
  readonly exit: number;
  /** What to do, lowercase, no full stop. */
  readonly hint: string;
}

export const ERRORS = {
  USAGE: { exit: 125, hint: 'tinyrun COMMAND --help lists the flags of a command' },
  INTERNAL: { exit: 125, hint: 'this is a defect of tinyrun: report it with the output of --trace' },
  SYSCALL: { exit: 125, hint: 'tinyrun doctor checks the host point by point' },
  NATIVE_MISSING: {
    exit: 125,
    hint: 'build it with npm run build, or install a package that has a prebuild for this platform',
  },
  PERMISSION: { exit: 125, hint: 'run it as root; tinyrun doctor checks what the host allows' },
  NO_SPACE: { exit: 125, hint: 'free space on that file system, or choose another with --data-root' },
  IMAGE_NOT_FOUND: {
    exit: 125,
    hint: 'tinyrun images lists what is stored; busybox is the one image that comes with tinyrun',
  },
  CONTAINER_NOT_FOUND: { exit: 1, hint: 'tinyrun ps -a lists the containers' },
  CONTAINER_RUNNING: { exit: 1, hint: 'stop it first, or use --force' },
  CONTAINER_NOT_RUNNING: { exit: 1, hint: 'tinyrun ps -a lists the containers and their state' },
  NAME_IN_USE: { exit: 125, hint: 'remove that container with tinyrun rm, or choose another name' },
  USER_NOT_FOUND: { exit: 125, hint: "give the user by number, or by a name in the image's /etc/passwd" },
  NOT_A_TTY: { exit: 125, hint: 'leave -t away when standard input is not a terminal' },
  STATE_DAMAGED: { exit: 125, hint: 'tinyrun rm --force removes what is left of the container' },
  CLEANUP: { exit: 125, hint: 'end what still uses it, then run the same command again' },
  CONTAINER_ID: {
    exit: 125,
    hint: 'an id has 1 to 1024 letters, digits, and any of _ + - . and is not . or ..',
  },
  BUNDLE: {
    exit: 125,
    hint: 'a bundle is a directory with config.json and a root filesystem: tinyrunc spec',
  },
  DBUS: {
    exit: 125,
    hint: 'systemd must run, and its bus be reachable: systemctl status; or use the cgroupfs driver',
  },
  HOOK: {
    exit: 125,
    hint: 'the hook is named in config.json below hooks: run it by hand with the state on stdin',
  },
  UNSUPPORTED: { exit: 125, hint: 'tinyrun run --help lists what this version can do' },
  INVALID_REFERENCE: {
    exit: 125,
    hint: 'an image is named [HOST[:PORT]/]NAME[:TAG][@sha256:DIGEST], lowercase',
  },
  AMBIGUOUS_ID: { exit: 125, hint: 'give more digits of the id: tinyrun images --no-trunc' },
  STORE_DAMAGED: { exit: 125, hint: 'tinyrun image rm -f and pull the image again' },
  IMAGE_IN_USE: { exit: 1, hint: 'remove the containers that use it, or use --force' },
  DIGEST_MISMATCH: {
    exit: 1,
    hint: 'what was sent is not what was named: nothing was stored; try another registry',
  },
  BAD_IMAGE: {
    exit: 1,
    hint: 'the image is not as the OCI image specification wants it: nothing was stored',
  },
  BAD_LAYER: { exit: 1, hint: 'the layer is damaged or hostile: nothing of it was kept' },
  LAYER_LIMIT: { exit: 1, hint: 'the layer is larger than an honest one: nothing of it was kept' },
  NO_SUCH_PLATFORM: {
    exit: 1,
    hint: 'tinyrun manifest inspect lists the platforms; choose one with --platform',
  },
  REGISTRY: { exit: 1, hint: 'check the name, the network and the proxy settings, then try again' },
  REGISTRY_NOT_FOUND: {
    exit: 1,
    hint: 'check the name and the tag; a private repository needs tinyrun login',
  },
  REGISTRY_DENIED: { exit: 1, hint: 'tinyrun login HOST gives the registry your user name and password' },
  TEMPLATE: { exit: 1, hint: 'templates are those of Go: {{.Field}}, {{json .}}, {{range .List}}…{{end}}' },
  SPEC_INVALID: {
    exit: 125,
    hint: 'mend the named field of config.json; tinyrunc spec writes one that is sound',
  },
  SECCOMP_PROFILE: {
    exit: 125,
    hint: 'the file is a seccomp profile as Docker has them, or linux.seccomp of a config.json',
  },
  PLAN_ARGUMENT: {
    exit: 125,
    hint: 'strings go to the kernel NUL-terminated and numbers have their width: mend the named value',
  },
  PLAN_DAMAGED: { exit: 125, hint: 'the encoded plan was cut or altered: remove the container by force' },
  CGROUP_CONTROLLER: {
    exit: 125,
    hint: 'boot with systemd.unified_cgroup_hierarchy=1 (or cgroup_no_v1=all), or leave the limit out',
  },
  COMMAND_NOT_FOUND: {
    exit: 127,
    hint: 'the program must exist in the image, by absolute path or on its PATH',
  },
  COMMAND_NOT_EXECUTABLE: {
    exit: 126,
    hint: 'the file needs its executable bit, and an interpreter that exists',
  },
} as const satisfies Record<string, ErrorEntry>;

export type ErrorCode = keyof typeof ERRORS;

/** An error with an entry in the table; `message` is one line: what was tried, what the kernel said. */
export class TinyrunError extends Error {
  override readonly name = 'TinyrunError';
  constructor(
    readonly code: ErrorCode,
    message: string,
    options?: { cause?: unknown; hint?: string },
  ) {
    super(message, options?.cause === undefined ? undefined : { cause: options.cause });
    this.hint = options?.hint ?? ERRORS[code].hint;
  }
  readonly hint: string;
  get exitCode(): number {
    return ERRORS[this.code].exit;
  }
}

/** What the kernel said, without the call and the path that Node puts behind it: for messages that name them. */
export function kernelReason(error: unknown): string {
  return (error as Error).message.replace(/, \w+(?: '.*')?$/s, '');
}
