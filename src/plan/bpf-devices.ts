import type { LinuxDeviceCgroup } from '../spec/types.ts';

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
const ACCESS: Readonly<Record<string, number>> = { m: 1, r: 2, w: 4 };
const ALL = 7;

interface Rule {
  readonly allow: boolean;
  /** 0: any. */
  readonly type: number;
  readonly major?: number;
  readonly minor?: number;
  readonly access: number;
}

interface Instruction {
  readonly code: number;
  readonly dst?: number;
  readonly src?: number;
  offset?: number;
  readonly imm?: number;
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

const EXIT = (verdict: 0 | 1): Instruction[] => [
  { code: BPF_MOV_K, dst: 0, imm: verdict },
  { code: BPF_EXIT },
];

/** One rule; the jumps out of it lead to the next. */
function block(rule: Rule): Instruction[] {
  const jumps: Instruction[] = [];
  const skip = (code: number, dst: number, imm: number): Instruction => {
    const jump: Instruction = { code, dst, imm, offset: 0 };
    jumps.push(jump);
    return jump;
  };
  const body: Instruction[] = [];
  if (rule.type !== 0) body.push(skip(BPF_JNE_K, 2, rule.type));
  if (rule.major !== undefined) body.push(skip(BPF_JNE_K, 4, rule.major));
  if (rule.minor !== undefined) body.push(skip(BPF_JNE_K, 5, rule.minor));
  if (rule.allow) {
    body.push({ code: BPF_AND_K, dst: 3, imm: ALL & ~rule.access });
    if (rule.access !== ALL) body.push(skip(BPF_JNE_K, 3, 0));
  } else if (rule.access !== ALL) {
    body.push({ code: BPF_MOV_X, dst: 6, src: 3 }, { code: BPF_AND_K, dst: 6, imm: rule.access });
    body.push(skip(BPF_JEQ_K, 6, 0));
  }
  body.push(...EXIT(rule.allow ? 1 : 0));
  // An offset counts from the instruction after the jump.
  for (const jump of jumps) jump.offset = body.length - body.indexOf(jump) - 1;
  return body;
}

const PROLOGUE: readonly Instruction[] = [
  { code: BPF_LDX_W, dst: 2, src: 1, offset: 0 },
  { code: BPF_MOV_X, dst: 3, src: 2 },
  { code: BPF_AND_K, dst: 2, imm: 0xffff },
  { code: BPF_RSH_K, dst: 3, imm: 16 },
  { code: BPF_LDX_W, dst: 4, src: 1, offset: 4 },
  { code: BPF_LDX_W, dst: 5, src: 1, offset: 8 },
];

function assemble(instructions: readonly Instruction[]): Uint8Array {
  const bytes = Buffer.alloc(8 * instructions.length);
  instructions.forEach(({ code, dst = 0, src = 0, offset = 0, imm = 0 }, index) => {
    bytes[8 * index] = code;
    bytes[8 * index + 1] = (src << 4) | dst;
    bytes.writeInt16LE(offset, 8 * index + 2);
    bytes.writeInt32LE(imm | 0, 8 * index + 4);
  });
  return bytes;
}

/** An array of struct bpf_insn for BPF_PROG_LOAD. Rules in the order of the spec: later ones win. */
export function deviceProgram(rules: readonly LinuxDeviceCgroup[]): Uint8Array {
  const out: Instruction[] = [...PROLOGUE];
  // No bit asked for (access(2) with X_OK): nothing to deny.
  out.push({ code: BPF_JNE_K, dst: 3, imm: 0, offset: 2 }, ...EXIT(1));
  for (const rule of rules.map(ruleOf).reverse()) {
    if (rule.access === 0) continue;
    out.push(...block(rule));
    // What follows a rule for every device and access is never reached, and the verifier refuses such code.
    if (isAnyDevice(rule) && rule.access === ALL) return assemble(out);
  }
  out.push(...EXIT(0));
  return assemble(out);
}
