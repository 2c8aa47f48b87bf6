// biome-ignore-all lint/suspicious/noTemplateCurlyInString: they are Dockerfiles
import { describe, expect, test } from 'vitest';
import { parseDockerfile } from '../../../src/build/dockerfile/parse/parse.ts';
import { said } from '../../../src/build/dockerfile/problem.ts';
import { addressOf, check, problemsOf, RULES, ruleOf } from '../../../src/build/graph/lint/check.ts';
import { look } from '../../../src/build/graph/look.ts';
import { outlineOf, targetsOf } from '../../../src/build/graph/outline.ts';
import { type Given, platformArgs } from '../../../src/build/graph/scope.ts';
import { reachable, targetOf } from '../../../src/build/graph/stages.ts';
import { outlineText, targetsText, warningsText } from '../../../src/cli/output/build/check.ts';

const AMD64 = { os: 'linux', architecture: 'amd64' };
const given = (args: Readonly<Record<string, string>> = {}): Given => ({
  args: new Map(Object.entries(args)),
  platforms: platformArgs(AMD64, AMD64, 'default'),
  envOf: (base) => (base === 'known' ? new Map([['HOME', '/root']]) : undefined),
});
const seen = (text: string, args?: Readonly<Record<string, string>>) => {
  const file = parseDockerfile('Dockerfile', text);
  expect(file.problems).toEqual([]);
  return { file, ...look(file, given(args)) };
};
const warnings = (text: string) => {
  const { looked, problems } = seen(text);
  expect(problems).toEqual([]);
  return check(looked).map((one) => `${one.rule} ${one.range.start.line}: ${said(one)}`);
};

/** Of each rule: what it finds, and what is near it and none. */
const FOUND: readonly [rule: string, text: string, found: string][] = [
  ['StageNameCasing', 'FROM a AS Big\n', "1: Stage name 'Big' should be lowercase"],
  ['FromAsCasing', 'FROM a as x\n', "1: 'as' and 'FROM' keywords' casing do not match"],
  [
    'ConsistentInstructionCasing',
    'FROM a\nrun x\n',
    "2: Command 'run' should match the case of the command majority (uppercase)",
  ],
  [
    'ConsistentInstructionCasing',
    'from a\nrun x\nRun y\n',
    "3: Command 'Run' should match the case of the command majority (lowercase)",
  ],
  ['NoEmptyContinuation', 'FROM a\nRUN x \\\n\n  y\n', '2: Empty continuation line'],
  [
    'DuplicateStageName',
    'FROM a AS x\nFROM b AS x\n',
    '2: Duplicate stage name "x", stage names should be unique',
  ],
  [
    'ReservedStageName',
    'FROM a AS scratch\n',
    '1: Stage name should not use the same name as reserved stage "scratch"',
  ],
  [
    'JSONArgsRecommended',
    'FROM a\nCMD x\n',
    '2: JSON arguments recommended for CMD to prevent unintended behavior related to OS signals',
  ],
  [
    'MaintainerDeprecated',
    'FROM a\nMAINTAINER me\n',
    '2: Maintainer instruction is deprecated in favor of using label',
  ],
  [
    'UndefinedArgInFrom',
    'ARG VERSION=1\nFROM a:$VERSIN\n',
    "2: FROM argument 'VERSIN' is not declared (did you mean VERSION?)",
  ],
  [
    'WorkdirRelativePath',
    'FROM a\nWORKDIR usr/src\n',
    '2: Relative workdir "usr/src" can have unexpected results if the base image changes',
  ],
  ['UndefinedVar', 'FROM scratch\nCOPY $foo /\n', "2: Usage of undefined variable '$foo'"],
  [
    'UndefinedVar',
    'FROM known\nWORKDIR $HOMW/x\n',
    "2: Usage of undefined variable '$HOMW' (did you mean $HOME?)",
  ],
  [
    'MultipleInstructionsDisallowed',
    'FROM a\nCMD ["a"]\nCMD ["b"]\n',
    '2: Multiple CMD instructions should not be used in the same stage because only the last one will be used',
  ],
  [
    'LegacyKeyValueFormat',
    'FROM a\nENV a b\n',
    '2: "ENV key=value" should be used instead of legacy "ENV key value" format',
  ],
  [
    'RedundantTargetPlatform',
    'FROM --platform=$TARGETPLATFORM a\n',
    '1: Setting platform to predefined $TARGETPLATFORM in FROM is redundant as this is the default behavior',
  ],
  [
    'SecretsUsedInArgOrEnv',
    'FROM a\nARG AWS_SECRET_ACCESS_KEY\n',
    '2: Do not use ARG or ENV instructions for sensitive data (ARG "AWS_SECRET_ACCESS_KEY")',
  ],
  [
    'InvalidDefaultArgInFrom',
    'ARG TAG\nFROM busybox:${TAG}\n',
    '2: Default value for ARG busybox:${TAG} results in empty or invalid base image name',
  ],
  [
    'FromPlatformFlagConstDisallowed',
    'FROM --platform=linux/arm64 a\n',
    '1: FROM --platform flag should not use constant value "linux/arm64"',
  ],
  [
    'ExposeProtoCasing',
    'FROM a\nEXPOSE 80/TcP\n',
    "2: Defined protocol '80/TcP' in EXPOSE instruction should be lowercase",
  ],
  [
    'ExposeInvalidFormat',
    'FROM a\nEXPOSE 127.0.0.1:80:80\n',
    "2: EXPOSE instruction should not define an IP address or host-port mapping, found '127.0.0.1:80:80'",
  ],
];
const CLEAN: readonly [rule: string, text: string][] = [
  ['StageNameCasing', 'FROM a AS big\n'],
  ['FromAsCasing', 'from a as x\n'],
  ['ConsistentInstructionCasing', 'from a\nrun x\n'],
  ['NoEmptyContinuation', 'FROM a\nRUN x \\\n# comment\n  y\n'],
  ['DuplicateStageName', 'FROM a AS x\nFROM b AS y\n'],
  ['ReservedStageName', 'FROM scratch AS base\n'],
  ['JSONArgsRecommended', 'FROM a\nSHELL ["bash", "-c"]\nCMD x\n'],
  ['JSONArgsRecommended', 'FROM a\nCMD ["x"]\nHEALTHCHECK CMD x\n'],
  ['UndefinedArgInFrom', 'ARG V=1\nFROM a:$V\nFROM --platform=$BUILDPLATFORM a:${W:-1}\n'],
  ['WorkdirRelativePath', 'FROM a AS x\nWORKDIR /a\nWORKDIR b\nFROM x\nWORKDIR c\n'],
  ['UndefinedVar', 'FROM somewhere\nENV PATH=$PATH:/x\nWORKDIR $GOPATH\n'],
  ['UndefinedVar', 'FROM scratch\nARG foo\nCOPY $foo ${bar:-x} /\nRUN echo $nothing\n'],
  ['UndefinedVar', 'FROM scratch AS x\nENV a=b\nFROM x\nWORKDIR $a\n'],
  ['MultipleInstructionsDisallowed', 'FROM a AS x\nCMD ["a"]\nFROM x\nCMD ["b"]\n'],
  ['LegacyKeyValueFormat', 'FROM a\nENV a=b c=d\n'],
  ['RedundantTargetPlatform', 'FROM --platform=$BUILDPLATFORM a\n'],
  ['SecretsUsedInArgOrEnv', 'FROM a\nENV PUBLIC_KEY=x KEYBOARD=y PASSWORD_FILE=/z\n'],
  ['InvalidDefaultArgInFrom', 'ARG TAG=1\nARG B=\nFROM busybox:${TAG}\nFROM busybox${B:+:$B}\n'],
  ['FromPlatformFlagConstDisallowed', 'FROM --platform=linux/arm64 a AS x-arm64\n'],
  ['ExposeProtoCasing', 'FROM a\nEXPOSE 80/tcp 81\n'],
  ['ExposeInvalidFormat', 'FROM a\nEXPOSE 80-90/udp\n'],
];

describe('rules', () => {
  test.each(FOUND)('%s finds %j', (rule, text, found) => {
    expect(warnings(text)).toContain(`${rule} ${found}`);
    expect(warnings(`# check=skip=${rule}\n${text}`).filter((one) => one.startsWith(rule))).toEqual([]);
    expect(warnings(`# check=skip=all\n${text}`)).toEqual([]);
  });

  test.each(CLEAN)('%s has nothing against %j', (rule, text) => {
    expect(warnings(text).filter((one) => one.startsWith(rule))).toEqual([]);
  });

  test('each is tested, and has a page', () => {
    const tested = new Set(FOUND.map(([rule]) => rule));
    expect(RULES.filter(({ name, experimental }) => !experimental && !tested.has(name))).toEqual([]);
    expect(RULES.map(addressOf)).toContain(
      'https://docs.docker.com/go/dockerfile/rule/json-args-recommended/',
    );
    expect(RULES.map(addressOf)).toContain(
      'https://docs.docker.com/go/dockerfile/rule/secrets-used-in-arg-or-env/',
    );
  });

  test('descriptions are looked at for who asks', () => {
    const rule = ruleOf('InvalidDefinitionDescription');
    const { looked } = seen(
      '# bar is wrong\nARG foo\n# foo is right\nARG foo\n# x that is right\nFROM a AS x\n',
    );
    expect(rule && problemsOf(rule, looked).map(({ range }) => range.start.line)).toEqual([2]);
    expect(check(looked)).toEqual([]);
  });

  test('they are shown as docker build --check shows them', () => {
    const { file, looked } = seen('FROM alpine\n\nCMD echo "Hello, world!"\n');
    expect(warningsText(file.source, check(looked))).toBe(
      [
        'Check complete, 1 warning has been found!',
        '',
        'WARNING: JSONArgsRecommended - https://docs.docker.com/go/dockerfile/rule/json-args-recommended/',
        'JSON arguments recommended for CMD to prevent unintended behavior related to OS signals',
        'Dockerfile:3',
        '--------------------',
        '   1 |     FROM alpine',
        '   2 |     ',
        '   3 | >>> CMD echo "Hello, world!"',
        '   4 |     ',
        '--------------------',
        '',
      ].join('\n'),
    );
  });
});

describe('scope', () => {
  const words = (text: string, args?: Readonly<Record<string, string>>) =>
    seen(text, args).looked.met.flatMap((one) =>
      one.words.map(({ word, expanded }) => `${word.text} → ${expanded.text}`),
    );
  test.each<[string, string, Readonly<Record<string, string>>, string]>([
    ['a global ARG is not seen in a stage', 'ARG a=1\nFROM x\nUSER $a', {}, '$a → '],
    ['until it is declared', 'ARG a=1\nFROM x\nARG a\nUSER $a', {}, '$a → 1'],
    ['--build-arg wins over both', 'ARG a=1\nFROM x\nARG a=2\nUSER $a', { a: '3' }, '$a → 3'],
    ['what is not declared is not given', 'FROM x\nUSER u$a', { a: '3' }, 'u$a → u'],
    ['ENV beats ARG', 'FROM x\nENV a=env\nARG a=arg\nUSER $a', { a: '3' }, '$a → env'],
    ['a line sees what was before it', 'FROM x\nENV a=0\nENV a=1 b=$a\nUSER $b', {}, '$b → 0'],
    ['a stage has the ENV of its base', 'FROM x AS y\nENV a=1\nFROM y\nUSER $a', {}, '$a → 1'],
    ['and its ARGs', 'FROM x AS y\nARG a=1\nFROM y\nUSER $a', {}, '$a → 1'],
    ['an image has its own', 'FROM known\nUSER $HOME', {}, '$HOME → /root'],
    [
      'platforms are declared like others',
      'FROM x\nUSER u$TARGETARCH\nARG TARGETARCH',
      {},
      'u$TARGETARCH → u',
    ],
    ['and have their values then', 'FROM x\nARG TARGETARCH\nUSER $TARGETARCH', {}, '$TARGETARCH → amd64'],
  ])('%s', (_, text, args, expected) => {
    expect(words(text, args)).toContain(expected);
  });

  test('FROM sees global ARGs alone', () => {
    const { stages } = seen(
      'ARG V=3\nARG B=alpine:$V\nFROM --platform=$BUILDPLATFORM $B\nARG V=4\nFROM alpine:$V',
      { V: '5' },
    );
    expect(stages.all.map(({ base, platform }) => [base, platform])).toEqual([
      ['alpine:5', 'linux/amd64'],
      ['alpine:5', undefined],
    ]);
  });
});

describe('stages', () => {
  const THREE = 'FROM a AS one\nFROM b AS two\nFROM one AS three\nCOPY --from=two / /\nFROM c AS four\n';

  test('only what a target needs is reached', () => {
    const { stages } = seen(THREE);
    const names = (name: string) => {
      const target = targetOf(stages, name);
      return typeof target === 'string' ? target : reachable(stages, target).map(({ stage }) => stage.name);
    };
    expect(names('three')).toEqual(['one', 'two', 'three']);
    expect(names('THREE')).toEqual(['one', 'two', 'three']);
    expect(names('1')).toEqual(['two']);
    expect(names('tree')).toBe('target stage "tree" could not be found (did you mean three?)');
  });

  test.each([
    ['FROM a AS x\nCOPY --from=x / /\n', 'circular dependency detected on stage: x'],
    ['FROM a\nRUN --mount=from=0,target=/x y\n', 'circular dependency detected on stage: 0'],
    [
      'FROM a\nCOPY --from=7 / /\n',
      'invalid from flag value 7: there is no stage of that number before this one',
    ],
    ['ARG b\nFROM $b\n', 'base name ($b) should not be blank'],
    ['FROM a\nUSER ${b:?say who}\n', 'b: say who'],
  ])('%j: %s', (text, message) => {
    expect(seen(text).problems.map(said)).toEqual([message]);
  });

  test('targets and outline, as docker buildx build --call prints them', () => {
    const text = [
      '# base what all have',
      'FROM a AS base',
      '# VERSION of the program',
      'ARG VERSION=1.2',
      'FROM b AS other',
      'ARG UNSEEN=1',
      '# release what is shipped',
      'FROM base AS release',
      'RUN --mount=type=secret,id=token,required --mount=type=ssh --mount=type=cache,target=/c x',
      '',
    ].join('\n');
    const { stages, looked } = seen(text);
    expect(targetsText(targetsOf(stages))).toBe(
      'TARGET              DESCRIPTION\nbase                what all have\nother               \nrelease (default)   what is shipped\n',
    );
    const target = targetOf(stages, undefined);
    expect(typeof target === 'string' ? target : outlineText(outlineOf(target, stages, looked))).toBe(
      'TARGET:      release\nDESCRIPTION: what is shipped\n\nBUILD ARG   VALUE   DESCRIPTION\nVERSION     1.2     of the program\n\n' +
        'SECRET   REQUIRED\ntoken    true\n\nSSH       REQUIRED\ndefault   \n\n',
    );
  });
});
