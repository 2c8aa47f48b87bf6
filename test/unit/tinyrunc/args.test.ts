import { describe, expect, it } from 'vitest';
import { type Flag, parse } from '../../../src/tinyrunc/args.ts';

const FLAGS: readonly Flag[] = [
  { names: ['bundle', 'b'], kind: 'string', help: '' },
  { names: ['all', 'a'], kind: 'bool', help: '' },
  { names: ['env', 'e'], kind: 'list', help: '' },
];

describe('a command line as urfave/cli reads it', () => {
  it('takes one dash or two, a space or an equals sign', () => {
    for (const words of [['--bundle', 'x'], ['-bundle', 'x'], ['-b', 'x'], ['-b=x'], ['--bundle=x']]) {
      expect(parse(words, FLAGS, false).string('bundle')).toBe('x');
    }
  });

  it('lets flags follow arguments', () => {
    const parsed = parse(['id', '-a', '9'], FLAGS, false);
    expect(parsed.bool('all')).toBe(true);
    expect(parsed.args).toEqual(['id', '9']);
  });

  it('ends the flags at the first argument where asked to', () => {
    const parsed = parse(['-e', 'A=1', '-e', 'B', 'id', 'ls', '-a'], FLAGS, true);
    expect(parsed.list('env')).toEqual(['A=1', 'B']);
    expect(parsed.args).toEqual(['id', 'ls', '-a']);
    expect(parsed.bool('all')).toBe(false);
  });

  it('ends the flags at --', () => {
    expect(parse(['--', '-a'], FLAGS, false).args).toEqual(['-a']);
  });

  it('keeps an equals sign in a value, and an empty value', () => {
    expect(parse(['--bundle=a=b'], FLAGS, false).string('bundle')).toBe('a=b');
    expect(parse(['--bundle='], FLAGS, false).string('bundle')).toBe('');
    expect(parse(['--all=false'], FLAGS, false).bool('all')).toBe(false);
  });

  it.each([
    [['--nope'], /flag provided but not defined: -nope/],
    [['--bundle'], /flag needs an argument: -bundle/],
    [['--all=perhaps'], /invalid boolean value/],
  ])('refuses %j', (words, message) => {
    expect(() => parse(words, FLAGS, false)).toThrow(message);
  });
});
