import type { LinuxDeviceCgroup } from '../spec/types.ts';
import { dict } from '../store/dict.ts';

// linux.resources.devices → a BPF_PROG_TYPE_CGROUP_DEVICE program (bpf.h; Documentation/admin-guide/cgroup-v2.rst,
// "Device controller"). An access is allowed when for each of its bits the last rule that names the device and the
// bit allows it; where no rule does, it is denied.
//
// The program walks the rules from the last to the first and keeps the bits that are still undecided in r3:
//   r1 struct bpf_cgroup_dev_ctx { u32 access << 16 | type, major, minor }    r2 type  r4 major  r5 minor  r6 scratch
//   an allowing rule takes its bits away, and nothing left means yes; a denying rule with a bit in common means no.

const BPF_LDX_W = 0x61;
const BPF_MOV_X = 0xbf;
const BPF_MOV_K = 0xb7;
const BPF_AND_K = 0x57;
const BPF_RSH_K = 0x77;
const BPF_JNE_K = 0x55;
const BPF_JEQ_K = 0x15;
const BPF_EXIT = 0x95;

const TYPES = { b: 1, c: 2 } as const;
const ACCESS: Readonly<Record<string, number>> = dict({ m: 1, r: 2, w: 4 });
const ALL = 7;

interface Rule {
  readonly allow: boolean;
  /** 0: any. */
  readonly type: number;
  readonly major?: number;
  readonly minor?: number;
  readonly access: number;
}

/** -1 is "any", as runc writes it. */
const named = (value: number | undefined): value is number =>
  value !== undefined && value !== null && value !== -1;

function ruleOf({ allow, type, major, minor, access }: LinuxDeviceCgroup): Rule {
  let bits = 0;
  for (const letter of access ?? 'rwm') bits |= ACCESS[letter] ?? 0;
  const wide = type === undefined || type === null || type === 'a';
  return {
    allow,
    type: wide ? 0 : TYPES[type],
    ...(named(major) ? { major } : {}),
    ...(named(minor) ? { minor } : {}),
    access: bits,
  };
}

const isAnyDevice = (rule: Rule): boolean =>
  rule.type === 0 && rule.major === undefined && rule.minor === undefined;

/** Whether the rules let everything through, so that no program is needed. */
export function allowsAll(rules: readonly LinuxDeviceCgroup[]): boolean {
  const last = rules.map(ruleOf).findLastIndex((rule) => isAnyDevice(rule) && rule.access === ALL);
  return last >= 0 && rules.slice(last).every(({ allow }) => allow);
}

/** Instructions as words, two for each struct bpf_insn: code, registers and offset; immediate. */
class Assembler {
  readonly words: number[] = [];
  /** Jumps whose offset is not known yet: 0 for now. */
  #open: number[] = [];

  emit(code: number, dst: number, imm = 0, src = 0, offset = 0): void {
    this.words.push(code | (dst << 8) | (src << 12) | (offset << 16), imm);
  }

  /** Jumps to where `land` is called next. */
  jump(code: number, dst: number, imm: number): void {
    this.#open.push(this.words.length);
    this.emit(code, dst, imm);
  }

  /** Offsets count instructions, from the one after the jump. */
  land(): void {
    for (const at of this.#open) {
      const offset = (this.words.length - at) / 2 - 1;
      this.words[at] = (this.words[at] ?? 0) | (offset << 16);
    }
    this.#open = [];
  }

  exit(verdict: 0 | 1): void {
    this.emit(BPF_MOV_K, 0, verdict);
    this.emit(BPF_EXIT, 0);
  }

  /** Both architectures we run on are little endian. */
  bytes(): Uint8Array {
    return new Uint8Array(Int32Array.from(this.words).buffer);
  }
}

function assemble(out: Assembler, rule: Rule): void {
  if (rule.type !== 0) out.jump(BPF_JNE_K, 2, rule.type);
  if (rule.major !== undefined) out.jump(BPF_JNE_K, 4, rule.major);
  if (rule.minor !== undefined) out.jump(BPF_JNE_K, 5, rule.minor);
  if (rule.allow) {
    out.emit(BPF_AND_K, 3, ALL & ~rule.access);
    if (rule.access !== ALL) out.jump(BPF_JNE_K, 3, 0);
  } else if (rule.access !== ALL) {
    out.emit(BPF_MOV_X, 6, 0, 3);
    out.emit(BPF_AND_K, 6, rule.access);
    out.jump(BPF_JEQ_K, 6, 0);
  }
  out.exit(rule.allow ? 1 : 0);
  out.land();
}

/** The rules that decide anything, last first: an earlier one for the same device and access never does. */
function deciding(rules: readonly LinuxDeviceCgroup[]): Rule[] {
  const decided = new Map<string, number>();
  return rules
    .map(ruleOf)
    .reverse()
    .filter(({ type, major, minor, access }) => {
      const device = `${type} ${major} ${minor}`;
      const before = decided.get(device) ?? 0;
      decided.set(device, before | access);
      return (access & ~before) !== 0;
    });
}

/** An array of struct bpf_insn for BPF_PROG_LOAD. Rules in the order of the spec: later ones win. */
export function deviceProgram(rules: readonly LinuxDeviceCgroup[]): Uint8Array {
  const out = new Assembler();
  out.emit(BPF_LDX_W, 2, 0, 1, 0);
  out.emit(BPF_MOV_X, 3, 0, 2);
  out.emit(BPF_AND_K, 2, 0xffff);
  out.emit(BPF_RSH_K, 3, 16);
  out.emit(BPF_LDX_W, 4, 0, 1, 4);
  out.emit(BPF_LDX_W, 5, 0, 1, 8);
  // No bit asked for (access(2) with X_OK): nothing to deny.
  out.jump(BPF_JNE_K, 3, 0);
  out.exit(1);
  out.land();
  for (const rule of deciding(rules)) {
    assemble(out, rule);
    // What follows a rule for every device and access is never reached, and the verifier refuses such code.
    if (isAnyDevice(rule) && rule.access === ALL) return out.bytes();
  }
  out.exit(0);
  return out.bytes();
}
