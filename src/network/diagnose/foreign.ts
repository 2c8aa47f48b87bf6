import { readIfAny } from '../../store/read.ts';
import { findProgram } from '../firewall/nft.ts';
import type { ForeignChain } from './facts.ts';
import { ask } from './nft.ts';

// Chains of others on the way of packets, that drop what they do not accept.

/** libnftables-json(5), as much as is looked at. */
interface Chain {
  readonly family: string;
  readonly table: string;
  readonly name: string;
  readonly hook?: string;
  readonly policy?: string;
}
interface Rule {
  readonly family: string;
  readonly table: string;
  readonly chain: string;
  readonly expr: readonly Statement[];
}
interface Statement {
  readonly match?: { readonly left?: unknown; readonly right?: unknown };
  readonly jump?: { readonly target: string };
  readonly goto?: { readonly target: string };
  readonly accept?: unknown;
  readonly drop?: unknown;
  readonly reject?: unknown;
}
interface Ruleset {
  readonly nftables: readonly { readonly chain?: Chain; readonly rule?: Rule }[];
}

/** Our own, and what does not drop of itself. */
const OURS = 'tinyrun';

const isHook = (hook: string | undefined): hook is 'forward' | 'input' =>
  hook === 'forward' || hook === 'input';

/** Of what `nft -j list ruleset` says. */
export function foreignChains({ nftables }: Ruleset): ForeignChain[] {
  const chains = nftables.flatMap(({ chain }) => (chain ? [chain] : []));
  const rules = nftables.flatMap(({ rule }) => (rule ? [rule] : []));
  return chains.flatMap((chain): ForeignChain[] => {
    if (chain.table === OURS || !isHook(chain.hook)) return [];
    const same = (one: { family: string; table: string }) =>
      one.family === chain.family && one.table === chain.table;
    const own = rules.filter(same);
    if (
      !drops(
        chain,
        own.filter((rule) => rule.chain === chain.name),
      )
    )
      return [];
    const reached = reachedFrom(chain.name, own);
    return [
      {
        family: chain.family,
        table: chain.table,
        name: chain.name,
        hook: chain.hook,
        accepts: own.filter((rule) => reached.has(rule.chain)).flatMap(linksAccepted),
        ports: own.filter((rule) => reached.has(rule.chain)).flatMap(portsAccepted),
        ...whoseOf(chain, chains.filter(same)),
      },
    ];
  });
}

/** By its policy, or by its last rule, which asks nothing. */
function drops({ policy }: Chain, own: readonly Rule[]): boolean {
  const last = own.at(-1)?.expr ?? [];
  const isFinal =
    last.some((each) => 'drop' in each || 'reject' in each) && !last.some((each) => 'match' in each);
  return policy === 'drop' || isFinal;
}

/** The chain, and all that it leads to. */
function reachedFrom(chain: string, rules: readonly Rule[], seen = new Set<string>()): Set<string> {
  if (seen.has(chain)) return seen;
  seen.add(chain);
  for (const rule of rules.filter((one) => one.chain === chain))
    for (const { jump, goto } of rule.expr) {
      const target = (jump ?? goto)?.target;
      if (target !== undefined) reachedFrom(target, rules, seen);
    }
  return seen;
}

const isKey = (left: unknown, key: string): boolean =>
  typeof left === 'object' && left !== null && (left as { meta?: { key?: string } }).meta?.key === key;

/** Of an accept that asks for a link alone, or of firewalld's way into its zone `trusted`. */
function linksAccepted({ expr }: Rule): string[] {
  const links = expr.flatMap(({ match }) =>
    match && isKey(match.left, 'iifname') && typeof match.right === 'string' ? [match.right] : [],
  );
  const isAlone = expr.filter((each) => 'match' in each).length === links.length;
  const isTrusted = expr.some(({ jump, goto }) => (jump ?? goto)?.target.endsWith('_trusted'));
  return isAlone && (expr.some((each) => 'accept' in each) || isTrusted) ? links : [];
}

const isPort = (left: unknown): left is { payload: { protocol: string } } =>
  (left as { payload?: { field?: string } } | undefined)?.payload?.field === 'dport';

function portsAccepted({ expr }: Rule): ForeignChain['ports'] {
  if (!expr.some((each) => 'accept' in each)) return [];
  return expr.flatMap(({ match }) => {
    if (!match || !isPort(match.left) || typeof match.right !== 'number') return [];
    const { protocol } = match.left.payload;
    return [{ port: match.right, ...(['tcp', 'udp'].includes(protocol) && { protocol }) }];
  });
}

/** Who is known by the names of its chains. Docker sets the policy of a chain that others may have rules in, too. */
function whoseOf({ table, hook }: Chain, chains: readonly Chain[]): { whose?: string } {
  const has = (start: string) => chains.some(({ name }) => name.startsWith(start));
  if (table === 'firewalld') return { whose: 'firewalld' };
  if (has('ufw-')) return { whose: 'ufw' };
  return hook === 'forward' && has('DOCKER') ? { whose: 'Docker' } : {};
}

/** Of what `iptables-legacy -S` says. */
export function legacyChainsOf(family: 'ip' | 'ip6', rules: string): ForeignChain[] {
  const lines = rules.split('\n');
  const accepts = lines.flatMap((line) => /^-A TINYRUN-FORWARD -i (\S+) -j ACCEPT$/.exec(line)?.[1] ?? []);
  const ports = lines.flatMap((line) => {
    const [, protocol, port] = /-p (tcp|udp) .*--dport (\d+) .*-j ACCEPT$/.exec(line) ?? [];
    return port && protocol ? [{ port: Number(port), protocol }] : [];
  });
  const has = (start: string) => lines.some((line) => line.startsWith(`-N ${start}`));
  return (['FORWARD', 'INPUT'] as const)
    .filter((name) => lines.includes(`-P ${name} DROP`))
    .map((name) => ({
      family,
      table: 'filter of iptables-legacy',
      name,
      hook: name === 'FORWARD' ? 'forward' : 'input',
      accepts: name === 'FORWARD' ? accepts : [],
      ports,
      ...(has('ufw-') ? { whose: 'ufw' } : has('DOCKER') && name === 'FORWARD' ? { whose: 'Docker' } : {}),
    }));
}

/** What is asked about tables that are not there would make them: the kernel says first which are. */
export function legacyChains(): ForeignChain[] {
  return (['ip', 'ip6'] as const).flatMap((family) => {
    const has = (readIfAny(`/proc/thread-self/net/${family}_tables_names`) ?? '')
      .split('\n')
      .includes('filter');
    const program = has ? findProgram(`${family}tables-legacy`) : undefined;
    return legacyChainsOf(family, (program && ask(program, ['-S'])) ?? '');
  });
}
