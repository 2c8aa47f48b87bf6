import type { Fd } from '../native/types.ts';

/**
 * What `tinyrun run` can be told, as the flags spell it: the one input of the engine, from the command line, the
 * Node API and later the Docker API alike. Every value is checked by the engine, which throws `TinyrunError`
 * (USAGE, exit code 125) naming the flag.
 */
export interface RunOptions {
  /** `busybox`, `registry:5000/team/app:1.2@sha256:…`. */
  readonly image: string;
  /** What stands after the image: replaces the image's Cmd. */
  readonly args?: readonly string[] | undefined;
  /** Replaces the image's Entrypoint and drops its Cmd; `''` resets both. */
  readonly entrypoint?: string | undefined;
  /** `KEY=VALUE`, or `KEY` to take it from the caller's environment; later ones win. */
  readonly env?: readonly string[] | undefined;
  readonly envFile?: readonly string[] | undefined;
  /** Absolute path in the container; made when missing. */
  readonly workdir?: string | undefined;
  /** `name|uid[:group|gid]`. */
  readonly user?: string | undefined;
  readonly groupAdd?: readonly string[] | undefined;
  readonly hostname?: string | undefined;
  readonly domainname?: string | undefined;
  /** `[a-zA-Z0-9][a-zA-Z0-9_.-]+`; one is made up when missing. */
  readonly name?: string | undefined;
  /** Remove the container when it ends. */
  readonly rm?: boolean | undefined;
  /** tinyrun-init stays as PID 1, forwards signals and reaps. */
  readonly init?: boolean | undefined;
  /** Keep standard input open; /dev/null otherwise. */
  readonly interactive?: boolean | undefined;
  readonly tty?: boolean | undefined;
  /** `SOURCE:TARGET[:ro,…]`. */
  readonly volume?: readonly string[] | undefined;
  /** `type=bind,source=…,target=…[,readonly]`, `type=tmpfs,target=…`. */
  readonly mount?: readonly string[] | undefined;
  /** `PATH[:OPTIONS]`. */
  readonly tmpfs?: readonly string[] | undefined;
  /** `HOST[:CONTAINER[:rwm]]`. */
  readonly device?: readonly string[] | undefined;
  /** Bytes, or `512m`; at least 6 MiB. */
  readonly memory?: string | undefined;
  /** Memory plus swap; `-1` is no limit. */
  readonly memorySwap?: string | undefined;
  readonly memoryReservation?: string | undefined;
  /** `1.5` processors. */
  readonly cpus?: string | undefined;
  /** Relative weight, 1024 is the norm. */
  readonly cpuShares?: string | undefined;
  /** `0-2,7`. */
  readonly cpusetCpus?: string | undefined;
  readonly cpusetMems?: string | undefined;
  /** `-1` is no limit. */
  readonly pidsLimit?: string | undefined;
  /** `nofile=1024:2048`. */
  readonly ulimit?: readonly string[] | undefined;
  /** Size of /dev/shm, 64 MiB without. */
  readonly shmSize?: string | undefined;
  /** `net.core.somaxconn=1024`. */
  readonly sysctl?: readonly string[] | undefined;
  /** `none` (the default for now: loopback only), `host`, `container:ID`. */
  readonly network?: string | undefined;
  /** `private`, `host`, `container:ID`. */
  readonly pid?: string | undefined;
  readonly ipc?: string | undefined;
  readonly uts?: string | undefined;
  readonly cgroupns?: string | undefined;
  /** `host` only, so far. */
  readonly userns?: string | undefined;
  /** `NAME:ADDRESS` for /etc/hosts; the address `host-gateway` is the host, with `network: 'host'`. */
  readonly addHost?: readonly string[] | undefined;
  /** Of /etc/resolv.conf, in place of the host's: addresses of name servers, search domains, options. */
  readonly dns?: readonly string[] | undefined;
  readonly dnsSearch?: readonly string[] | undefined;
  readonly dnsOption?: readonly string[] | undefined;
  readonly label?: readonly string[] | undefined;
  readonly annotation?: readonly string[] | undefined;
  readonly stopSignal?: string | undefined;
  /** File that the id is written to; must not exist. */
  readonly cidfile?: string | undefined;
  /** `missing`, `never`, `always`. */
  readonly pull?: string | undefined;
  /** `linux/arm64/v8`. */
  readonly platform?: string | undefined;
  readonly privileged?: boolean | undefined;
  readonly capAdd?: readonly string[] | undefined;
  readonly capDrop?: readonly string[] | undefined;
  /** `seccomp=unconfined|FILE`, `no-new-privileges`, `apparmor=PROFILE`, `label=…`. */
  readonly securityOpt?: readonly string[] | undefined;
  readonly readOnly?: boolean | undefined;
  readonly oomScoreAdj?: string | undefined;
}

/** How a container is run by somebody who waits for it. */
export interface RunControl {
  /**
   * fds that become 0, 1 and 2 of the container as they are: it may open what lies behind them anew. Without, it has pipes
   * of its own, copied to and from the caller's standard streams.
   */
  readonly stdio?: readonly [Fd, Fd, Fd] | undefined;
  /** Pass the signals this process gets on to the container; the third SIGINT or SIGTERM kills it. */
  readonly sigProxy?: boolean | undefined;
  /** Set the container up on the calling thread, a few milliseconds: for a program that has nothing else to do. */
  readonly blocking?: boolean | undefined;
}

/** How a container ended. */
export interface RunResult {
  readonly id: string;
  /** The program's own, or 128+n when a signal ended it. */
  readonly exitCode: number;
  /** The signal's number, when one ended it. */
  readonly signal?: number | undefined;
  readonly oomKilled: boolean;
  /** It was killed because whoever waited asked for its end three times. */
  readonly forced?: boolean | undefined;
}
