import { spawnSync } from 'node:child_process';
import { TinyrunError } from '../../errors.ts';
import type { Step } from '../../plan/types.ts';
import { readIfAny } from '../../store/read.ts';
import { findNft, findProgram } from './nft.ts';

// Others have rules, too, and what one table accepts another may still drop. Docker sets the policy of iptables' FORWARD to drop,
// and so do many administrators: there our bridges get a chain of their own, in the variant of iptables that the drop is in.
// Our table goes on to drop what it must.

/** The chain of ours among those of iptables. */
const CHAIN = 'TINYRUN-FORWARD';

/** FORWARD of iptables, where it drops what nobody accepts. */
export interface ForwardDrop {
  readonly family: 4 | 6;
  readonly variant: 'nft' | 'legacy';
  /** Where accepting is to be done: in what Docker leaves to others, where there is one. */
  readonly chain: 'FORWARD' | 'DOCKER-USER';
  /** There is a jump to our chain already. */
  readonly jumps: boolean;
}

/** libnftables-json(5) */
interface Ruleset {
  readonly nftables: readonly {
    readonly chain?: { family: string; table: string; name: string; hook?: string; policy?: string };
    readonly rule?: {
      family: string;
      table: string;
      chain: string;
      expr: readonly { jump?: { target: string } }[];
    };
  }[];
}

/** Of what `nft -j list ruleset` says: iptables-nft has its rules there. */
export function nftDrops({ nftables }: Ruleset): ForwardDrop[] {
  const chains = nftables.flatMap(({ chain }) => (chain?.table === 'filter' ? [chain] : []));
  const rules = nftables.flatMap(({ rule }) => (rule?.table === 'filter' ? [rule] : []));
  return chains
    .filter(({ name, hook, policy }) => name === 'FORWARD' && hook === 'forward' && policy === 'drop')
    .filter(({ family }) => family === 'ip' || family === 'ip6')
    .map(({ family }) => {
      const own = <T extends { family: string }>(all: readonly T[]) =>
        all.filter((each) => each.family === family);
      const chain = own(chains).some(({ name }) => name === 'DOCKER-USER') ? 'DOCKER-USER' : 'FORWARD';
      const jumps = own(rules).some(
        (rule) => rule.chain === chain && rule.expr.some(({ jump }) => jump?.target === CHAIN),
      );
      return { family: family === 'ip' ? 4 : 6, variant: 'nft', chain, jumps };
    });
}

/** Of what `iptables-legacy -S` says. */
export function legacyDrop(family: 4 | 6, rules: string): ForwardDrop | undefined {
  const lines = rules.split('\n');
  if (!lines.includes('-P FORWARD DROP')) return undefined;
  const chain = lines.includes('-N DOCKER-USER') ? 'DOCKER-USER' : 'FORWARD';
  return { family, variant: 'legacy', chain, jumps: lines.includes(`-A ${chain} -j ${CHAIN}`) };
}

function output(program: string, args: readonly string[]): string {
  const { status, stdout, stderr, error } = spawnSync(program, args, {
    encoding: 'utf8',
    maxBuffer: 1 << 28,
  });
  if (status === 0) return stdout;
  throw new TinyrunError('SYSCALL', `${program} ${args.join(' ')}: ${error?.message ?? stderr.trim()}`);
}

/** Looks. What is asked about tables that are not there would make them: the kernel says first which are. */
export function forwardDrops(): ForwardDrop[] {
  const legacy = ([4, 6] as const).flatMap((family) => {
    const ip = family === 4 ? 'ip' : 'ip6';
    const has = (readIfAny(`/proc/thread-self/net/${ip}_tables_names`) ?? '').split('\n').includes('filter');
    const program = has ? findProgram(`${ip}tables-legacy`) : undefined;
    return (program && legacyDrop(family, output(program, ['-S']))) || [];
  });
  return [...nftDrops(JSON.parse(output(findNft(), ['-j', 'list', 'ruleset']))), ...legacy];
}

/** What iptables-restore(8) reads: our chain is written anew, what jumps there is added once. */
export function acceptance({ chain, jumps }: ForwardDrop, links: readonly string[]): string {
  const accepts = links.flatMap((link) =>
    ['-i', '-o'].map((side) => `-A ${CHAIN} ${side} ${link} -j ACCEPT`),
  );
  const jump = jumps ? [] : [`-I ${chain} -j ${CHAIN}`];
  return ['*filter', `:${CHAIN} - [0:0]`, ...accepts, ...jump, 'COMMIT', ''].join('\n');
}

/**
 * Steps after which no FORWARD of iptables drops what comes from, or goes to, those bridges: all that are up, whenever one comes or
 * goes. Nothing where none drops.
 * @throws TinyrunError UNSUPPORTED where a chain drops, and the program that could change it is not installed
 */
export function acceptForward(drops: readonly ForwardDrop[], links: readonly string[]): Step[] {
  return drops.map((drop) => {
    const name = `${drop.family === 4 ? 'ip' : 'ip6'}tables-${drop.variant}-restore`;
    const path = findProgram(name);
    if (path === undefined)
      throw new TinyrunError(
        'UNSUPPORTED',
        `accept networks in ${drop.chain} of iptables: ${name} is not installed`,
        {
          hint: 'install iptables, or have its FORWARD chain accept',
        },
      );
    const input = Buffer.from(acceptance(drop, links), 'utf8');
    const args = {
      path,
      args: [name, '--noflush', '--wait'],
      env: [],
      input,
      pidArg: 0xffffffff,
      timeoutMs: 60_000,
    };
    return { op: 'exec', lane: 'host', args, why: `${drop.chain} of iptables drops what nobody accepts` };
  });
}
