// Every error a person can meet: its code, exit code, HTTP status and hint, in one table. docs/errors.md is kept equal to it by a test.

interface ErrorEntry {
  /** How `run` ends: Docker's 126 not executable, 127 not found; 125, tinyrun itself, where nothing is said. */
  readonly exit?: 126 | 127;
  /** What Docker's API answers with; 500, ours to mend, where nothing is said. */
  readonly status?: 400 | 404 | 409 | 501;
  /** What to do, lowercase, no full stop. */
  readonly hint: string;
}

/** The exit code of `run` when what failed was tinyrun's part. */
const OWN_FAILURE = 125;
/** RFC 9110, Internal Server Error. */
const SERVER_ERROR = 500;

export const ERRORS = {
  USAGE: { status: 400, hint: 'tinyrun COMMAND --help lists the flags of a command' },
  ARGUMENTS: { status: 400, hint: 'tinyrun COMMAND --help tells what it takes' },
  FLAG: { status: 400, hint: 'tinyrun COMMAND --help lists the flags of a command' },
  INTERNAL: { hint: 'this is a defect of tinyrun: report it with the output of --trace' },
  SYSCALL: { hint: 'tinyrun doctor checks the host point by point' },
  SETUP_KILLED: { hint: 'somebody ended it (tinyrun kill, rm --force), or the host: see the kernel log' },
  NATIVE_MISSING: {
    hint: 'build it with npm run build, or install a package that has a prebuild for this platform',
  },
  PERMISSION: { hint: 'run it as root; tinyrun doctor checks what the host allows' },
  NO_SPACE: { hint: 'free space on that file system, or choose another with --data-root' },
  IMAGE_NOT_FOUND: {
    status: 404,
    hint: 'tinyrun images lists what is stored; busybox is the one image that comes with tinyrun',
  },
  CONTAINER_NOT_FOUND: { status: 404, hint: 'tinyrun ps -a lists the containers' },
  CONTAINER_RUNNING: { status: 409, hint: 'stop it first, or use --force' },
  CONTAINER_NOT_RUNNING: { status: 409, hint: 'tinyrun ps -a lists the containers and their state' },
  CONTAINER_ENDED: { status: 409, hint: 'tinyrun why tells what ended it, and what it wrote last' },
  CONTAINER_UNHEALTHY: { status: 409, hint: 'tinyrun inspect shows the last checks and what they said' },
  CONTAINER_PAUSED: { status: 409, hint: 'tinyrun unpause lets it go on' },
  CONTAINER_NOT_PAUSED: { status: 409, hint: 'tinyrun ps tells which are paused' },
  VOLUME_NOT_FOUND: { status: 404, hint: 'tinyrun volume ls lists the volumes' },
  VOLUME_IN_USE: { status: 409, hint: 'tinyrun ps -a --filter volume=NAME tells by what: remove that first' },
  ADDRESS_TAKEN: { status: 409, hint: 'leave the address out to get a free one, or remove that container' },
  PORT_IN_USE: { status: 409, hint: 'stop what has the port, or publish another' },
  NO_ADDRESS: { status: 409, hint: 'remove containers of that network, or make one with a larger subnet' },
  NETWORK_NOT_FOUND: { status: 404, hint: 'tinyrun network ls lists the networks' },
  NETWORK_IN_USE: {
    status: 409,
    hint: 'stop those containers, or take them out with tinyrun network disconnect',
  },
  NETWORK_EXISTS: { status: 409, hint: 'choose another name, or remove that one with tinyrun network rm' },
  NETWORK_PREDEFINED: { status: 409, hint: 'bridge, host and none are always there: choose another name' },
  SUBNET_TAKEN: { status: 409, hint: 'leave --subnet out to get a free one, or choose another' },
  NAME_IN_USE: { status: 409, hint: 'remove that container with tinyrun rm, or choose another name' },
  TIMED_OUT: { hint: 'give it longer, or find out what keeps it: tinyrun logs, tinyrun why' },
  USER_NOT_FOUND: { status: 400, hint: "give the user by number, or by a name in the image's /etc/passwd" },
  NOT_A_TTY: { status: 400, hint: 'leave -t away when standard input is not a terminal' },
  STATE_DAMAGED: { hint: 'tinyrun rm --force removes what is left of the container' },
  CLEANUP: { hint: 'end what still uses it, then run the same command again' },
  CONTAINER_ID: {
    status: 400,
    hint: 'an id has 1 to 1024 letters, digits, and any of _ + - . and is not . or ..',
  },
  BUNDLE: {
    status: 400,
    hint: 'a bundle is a directory with config.json and a root filesystem: tinyrunc spec',
  },
  DBUS: {
    hint: 'systemd must run, and its bus be reachable: systemctl status; or use the cgroupfs driver',
  },
  HOOK: {
    hint: 'the hook is named in config.json below hooks: run it by hand with the state on stdin',
  },
  UNSUPPORTED: { status: 501, hint: 'tinyrun run --help lists what this version can do' },
  INVALID_REFERENCE: {
    status: 400,
    hint: 'an image is named [HOST[:PORT]/]NAME[:TAG][@sha256:DIGEST], lowercase',
  },
  AMBIGUOUS_ID: { status: 400, hint: 'give more digits of the id: tinyrun images --no-trunc' },
  STORE_DAMAGED: { hint: 'tinyrun image rm -f and pull the image again' },
  IMAGE_IN_USE: { status: 409, hint: 'remove the containers that use it, or use --force' },
  DIGEST_MISMATCH: {
    hint: 'what was sent is not what was named: nothing was stored; try another registry',
  },
  BAD_IMAGE: {
    status: 400,
    hint: 'the image is not as the OCI image specification wants it: nothing was stored',
  },
  BAD_LAYER: { status: 400, hint: 'the layer is damaged or hostile: nothing of it was kept' },
  LAYER_LIMIT: { status: 400, hint: 'the layer is larger than an honest one: nothing of it was kept' },
  NO_SUCH_PLATFORM: {
    status: 404,
    hint: 'tinyrun manifest inspect lists the platforms; choose one with --platform',
  },
  REGISTRY: { hint: 'check the name, the network and the proxy settings, then try again' },
  REGISTRY_NOT_FOUND: {
    status: 404,
    hint: 'check the name and the tag; a private repository needs tinyrun login',
  },
  // as Docker's: a repository that one may not see is not told from one that is not there
  REGISTRY_DENIED: { status: 404, hint: 'tinyrun login HOST gives the registry your user name and password' },
  TEMPLATE: {
    status: 400,
    hint: 'templates are those of Go: {{.Field}}, {{json .}}, {{range .List}}…{{end}}',
  },
  TEMPLATE_SYNTAX: {
    status: 400,
    hint: 'templates are those of Go: {{.Field}}, {{json .}}, {{range .List}}…{{end}}',
  },
  SPEC_INVALID: {
    status: 400,
    hint: 'mend the named field of config.json; tinyrunc spec writes one that is sound',
  },
  SECCOMP_PROFILE: {
    status: 400,
    hint: 'the file is a seccomp profile as Docker has them, or linux.seccomp of a config.json',
  },
  PLAN_ARGUMENT: {
    status: 400,
    hint: 'strings go to the kernel NUL-terminated and numbers have their width: mend the named value',
  },
  PLAN_DAMAGED: { hint: 'the encoded plan was cut or altered: remove the container by force' },
  CGROUP_CONTROLLER: {
    status: 400,
    hint: 'boot with systemd.unified_cgroup_hierarchy=1 (or cgroup_no_v1=all), or leave the limit out',
  },
  DOCKERFILE: { status: 400, hint: 'nothing was built: mend what is shown above' },
  COMMAND_NOT_FOUND: {
    status: 400,
    exit: 127,
    hint: 'the program must exist in the image, by absolute path or on its PATH',
  },
  COMMAND_NOT_EXECUTABLE: {
    status: 400,
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
  /** How `run` ends with it; docs/errors.md has the other commands. */
  get exitCode(): number {
    const { exit }: ErrorEntry = ERRORS[this.code];
    return exit ?? OWN_FAILURE;
  }
  /** The HTTP status of an API that ran into it, as Docker's has them. */
  get status(): number {
    const { status }: ErrorEntry = ERRORS[this.code];
    return status ?? SERVER_ERROR;
  }
}

/**
 * Whether something that was thrown is an error of tinyrun's, with one of `codes` where any are named.
 * @example
 * import { isTinyrunError } from 'tinyrun';
 * try {
 *   engine.container('none');
 * } catch (error) {
 *   if (!isTinyrunError(error, 'CONTAINER_NOT_FOUND')) throw error;
 *   console.log(error.code, error.hint); // CONTAINER_NOT_FOUND tinyrun ps -a lists the containers
 * }
 */
export function isTinyrunError<C extends ErrorCode = ErrorCode>(
  error: unknown,
  ...codes: readonly C[]
): error is TinyrunError & { readonly code: C } {
  if (!(error instanceof TinyrunError) || !Object.hasOwn(ERRORS, error.code)) return false;
  return codes.length === 0 || codes.some((code) => code === error.code);
}

/** The name of a failed call's errno, Node's or the addon's: `ENOENT`; undefined for what carries none. */
export function errnoOf(error: unknown): string | undefined {
  const code = (error as { code?: unknown } | undefined)?.code;
  return typeof code === 'string' ? code : undefined;
}

/** Nothing more can be written there. */
export const isFull = (error: unknown): boolean => ['ENOSPC', 'EDQUOT'].includes(errnoOf(error) ?? '');

/** What the kernel said, without the call and the path that Node puts behind it: for messages that name them. */
export function kernelReason(error: unknown): string {
  return (error as Error).message.replace(/, \w+(?: '.*')?$/s, '');
}
