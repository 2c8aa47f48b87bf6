import { readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { Option, type Command as Program } from 'commander';
import { type Dockerfile, MOST_BYTES, parseDockerfile } from '../../build/dockerfile/parse/parse.ts';
import { byPlace, type Problem, pointed } from '../../build/dockerfile/problem.ts';
import { check } from '../../build/graph/lint/check.ts';
import { look } from '../../build/graph/look.ts';
import { outlineOf, targetsOf } from '../../build/graph/outline.ts';
import { type Given, platformArgs } from '../../build/graph/scope.ts';
import { targetOf } from '../../build/graph/stages.ts';
import { errnoOf, kernelReason, TinyrunError } from '../../errors.ts';
import { hostPlatform, parsePlatform } from '../../image/platform.ts';
import { ImageStore } from '../../image/store.ts';
import type { Command, Context } from '../command.ts';
import { collect } from '../options.ts';
import {
  outlineJson,
  outlineText,
  targetsJson,
  targetsText,
  warningsJson,
  warningsText,
} from '../output/build/check.ts';

interface Flags {
  readonly file?: string;
  readonly target?: string;
  readonly buildArg?: readonly string[];
  readonly platform?: string;
  readonly check?: boolean;
  readonly call?: string;
  readonly format?: string;
}

/** Docker's flags of a build that runs. They stand on command lines that are only to be checked, too. */
const VALUES =
  'add-host allow annotation attest build-context builder cache-from cache-to cgroup-parent cpu-period cpu-quota cpuset-cpus cpuset-mems cpus graph iidfile isolation label memory-swap metadata-file network no-cache-filter progress sbom provenance secret security-opt shm-size ssh ulimit';
const SHORT_VALUES = '-c, --cpu-shares|-m, --memory|-o, --output|-t, --tag';
const SWITCHES = 'compress debug-shell explain force-rm load no-cache pull push rm squash why';

export const command: Command = {
  usage: '[options] --check|--call METHOD CONTEXT|-',
  examples: [
    'tinyrun build --check .',
    'tinyrun build --call targets -f app.Dockerfile .',
    'tinyrun build --call outline,format=json --target release .',
    'tinyrun build --check - <Dockerfile',
  ],
  define(program, context) {
    program
      .argument('<context>')
      .option('-f, --file <FILE>', 'the Dockerfile, - for standard input (default: CONTEXT/Dockerfile)')
      .option('--check', 'check the Dockerfile and build nothing, as --call check does')
      .option('--call <METHOD>', 'check, outline (what a target may be given) or targets; METHOD,format=json')
      .option('--format <FORMAT>', 'of the answer: text or json')
      .option('--target <STAGE>', 'the stage to build, by name or number')
      .option(
        '--build-arg <NAME=VALUE>',
        'the value of an ARG; NAME alone takes that of the environment',
        collect,
      )
      .option('--platform <PLATFORM>', 'what the image is for, OS/ARCH[/VARIANT]');
    addOthers(program);
    program.action((directory: string, flags: Flags) => build(directory, flags, context));
  },
};

function addOthers(program: Program): void {
  for (const name of VALUES.split(' ')) program.addOption(new Option(`--${name} <VALUE>`).hideHelp());
  for (const name of SHORT_VALUES.split('|')) program.addOption(new Option(`${name} <VALUE>`).hideHelp());
  for (const name of SWITCHES.split(' ')) program.addOption(new Option(`--${name}`).hideHelp());
  program.addOption(new Option('-q, --quiet').hideHelp());
}

const METHODS = ['check', 'outline', 'targets'] as const;
type Method = (typeof METHODS)[number];

/** What is asked for; undefined for a build. */
function methodOf({ check: isCheck, call, format }: Flags): { method: Method; isJson: boolean } | undefined {
  const [name = '', ...options] = (call ?? (isCheck ? 'check' : 'build')).split(',');
  const formats = [
    ...options.map((option) => /^format=(.*)$/.exec(option)?.[1]),
    ...(format ? [format] : []),
  ];
  const wrong = formats.find((one) => one !== 'json' && one !== 'text');
  if (formats.length > 0 && (wrong !== undefined || formats.includes(undefined)))
    throw new TinyrunError('FLAG', `--call ${call ?? name}: invalid format: ${wrong ?? options.join(',')}`, {
      hint: 'it is format=json or format=text',
    });
  if (name === 'build') return undefined;
  const method = METHODS.find((one) => one === (name === 'lint' ? 'check' : name));
  if (method === undefined)
    throw new TinyrunError('FLAG', `--call ${name}: no such method`, {
      hint: `it is one of ${METHODS.join(', ')}`,
    });
  return { method, isJson: formats.includes('json') };
}

function build(directory: string, flags: Flags, context: Context): void {
  const asked = methodOf(flags);
  if (asked === undefined)
    throw new TinyrunError('UNSUPPORTED', 'build is not there yet', {
      hint: 'tinyrun build --check tells what is wrong with a Dockerfile',
    });
  const file = read(directory, flags);
  const { looked, stages, problems } = look(file, givenOf(flags, context));
  const target = targetOf(stages, flags.target);
  const errors = [...file.problems, ...problems].sort(byPlace);
  if (asked.method === 'check') {
    const warnings = check(looked);
    if (asked.isJson) context.out(warningsJson(file.source, warnings, errors));
    else if (warnings.length > 0 || errors.length === 0) context.out(warningsText(file.source, warnings));
    context.exitCode = warnings.length > 0 ? 1 : 0;
  }
  refuse(file, errors, context);
  if (typeof target === 'string')
    throw new TinyrunError('USAGE', target, { hint: 'tinyrun build --call targets lists the stages' });
  const { source } = file;
  if (asked.method === 'outline') {
    const outline = outlineOf(target, stages, looked);
    context.out(asked.isJson ? outlineJson(outline, source) : outlineText(outline));
  }
  if (asked.method === 'targets') {
    const list = targetsOf(stages);
    context.out(asked.isJson ? targetsJson(list, source) : targetsText(list));
  }
}

/** All errors, each with its place, and the one that counts them. */
function refuse(file: Dockerfile, errors: readonly Problem[], context: Context): void {
  if (errors.length === 0) return;
  for (const error of errors) context.err(`${pointed(file.source, error)}\n`);
  const count = errors.length === 1 ? 'an error' : `${errors.length} errors`;
  throw new TinyrunError('DOCKERFILE', `${file.source.name} has ${count}`);
}

/** The Dockerfile's text. */
function read(directory: string, { file }: Flags): Dockerfile {
  const isRemote = /^(?:https?|git|ssh):\/\/|^git@/.test(directory);
  if (isRemote)
    throw new TinyrunError('UNSUPPORTED', `${directory}: contexts from elsewhere are not there yet`, {
      hint: 'fetch it, and name the directory',
    });
  if (directory !== '-' && !statSync(directory, { throwIfNoEntry: false })?.isDirectory())
    throw new TinyrunError(
      'USAGE',
      `unable to prepare context: path ${JSON.stringify(directory)} not found`,
      {
        hint: 'CONTEXT is a directory, or - for a Dockerfile on standard input',
      },
    );
  const isInput = file === '-' || (file === undefined && directory === '-');
  const name = isInput ? 'Dockerfile' : (file ?? path.join(directory, 'Dockerfile'));
  const bytes = readBytes(isInput ? 0 : name, name);
  if (bytes.length > MOST_BYTES)
    throw new TinyrunError('USAGE', `failed to read dockerfile: ${name} is larger than 2 MB`, {
      hint: 'what a build needs beside it is the context',
    });
  if (isInput && (bytes[0] === 0x1f || bytes.subarray(257, 262).toString('latin1') === 'ustar'))
    throw new TinyrunError('UNSUPPORTED', 'an archive as a context is not there yet', {
      hint: 'unpack it, and name the directory',
    });
  return parseDockerfile(name, bytes.toString());
}

function readBytes(from: string | 0, name: string): Buffer {
  try {
    return readFileSync(from);
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
    throw new TinyrunError('USAGE', `failed to read dockerfile: ${name}: ${kernelReason(error)}`, {
      cause: error,
      hint: 'name it by -f FILE, or -f - for standard input',
    });
  }
}

function givenOf(flags: Flags, { dataRoot }: Context): Given {
  const host = hostPlatform();
  const [first] = flags.platform?.split(',') ?? [];
  const target = first === undefined ? host : parsePlatform(first);
  const args = new Map<string, string>();
  for (const arg of flags.buildArg ?? []) {
    const at = arg.indexOf('=');
    const value = at < 0 ? process.env[arg] : arg.slice(at + 1);
    if (value !== undefined) args.set(at < 0 ? arg : arg.slice(0, at), value);
  }
  const platforms = platformArgs(host, target, flags.target ?? 'default');
  return { args, platforms, envOf: (base) => envOf(base, new ImageStore(dataRoot)) };
}

/** ENV of an image that is stored; a name that cannot be one has none. */
function envOf(base: string, images: ImageStore): ReadonlyMap<string, string> | undefined {
  try {
    const env = images.resolve(base)?.config.config?.Env ?? undefined;
    return (
      env && new Map(env.map((pair) => [pair.split('=', 1)[0] ?? '', pair.slice(pair.indexOf('=') + 1)]))
    );
  } catch (error) {
    if (error instanceof TinyrunError && error.code === 'INVALID_REFERENCE') return undefined;
    throw error;
  }
}
