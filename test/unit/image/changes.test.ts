import { describe, expect, test } from 'vitest';
import { applyChanges } from '../../../src/image/changes.ts';

const BASE = { Cmd: ['sh', '-c', 'echo hi'], Env: ['A=1'], Labels: {} };

// What Docker 20.10 makes of `docker commit --change` of a container with ENV A=1.
describe('what --change does', () => {
  test.each<[string, object]>([
    ['CMD', { Cmd: ['/bin/sh', '-c'] }],
    ['CMD [foo', { Cmd: ['/bin/sh', '-c', '[foo'] }],
    ['CMD ["a", "b c"]', { Cmd: ['a', 'b c'] }],
    ['CMD $A', { Cmd: ['/bin/sh', '-c', '$A'] }],
    ['ENTRYPOINT x', { Cmd: undefined, Entrypoint: ['/bin/sh', '-c', 'x'] }],
    ['ENV A "b c"', { Env: ['A=b c'] }],
    ['env a b', { Env: ['A=1', 'a=b'] }],
    ['ENV A=b\\ c', { Env: ['A=b c'] }],
    ['ENV A=1=2 Z=', { Env: ['A=1=2', 'Z='] }],
    [`ENV B=\${A:-z}\${Q:-z}\${A:+y} C='$A' D="$A x"`, { Env: ['A=1', 'B=1zy', 'C=$A', 'D=1 x'] }],
    ['LABEL "a b"=c', { Labels: { 'a b': 'c' } }],
    ['LABEL x=$A', { Labels: { x: '1' } }],
    ['EXPOSE 80-82/udp 7', { ExposedPorts: { '80/udp': {}, '81/udp': {}, '82/udp': {}, '7/tcp': {} } }],
    ['EXPOSE $A', { ExposedPorts: { '1/tcp': {} } }],
    ['USER a b', { User: 'a b' }],
    ['USER $A', { User: '1' }],
    ['WORKDIR x', { WorkingDir: '/x' }],
    ['WORKDIR $A', { WorkingDir: '/1' }],
    ['VOLUME ["/a","/b"]', { Volumes: { '/a': {}, '/b': {} } }],
    ['VOLUME a b', { Volumes: { a: {}, b: {} } }],
    ['ONBUILD RUN x', { OnBuild: ['RUN x'] }],
    ['HEALTHCHECK NONE', { Healthcheck: { Test: ['NONE'] } }],
    ['HEALTHCHECK CMD x', { Healthcheck: { Test: ['CMD-SHELL', 'x'] } }],
    [
      'HEALTHCHECK --interval=5s --retries=2 CMD ["x"]',
      { Healthcheck: { Test: ['CMD', 'x'], Interval: 5e9, Retries: 2 } },
    ],
    ['ENV \\\n B=2', { Env: ['A=1', 'B=2'] }],
  ])('%s', (text, changed) => {
    expect(applyChanges(BASE, [text])).toEqual({ ...BASE, ...changed });
  });

  test('a CMD before ENTRYPOINT stays', () => {
    expect(applyChanges(BASE, ['CMD ["b"]', 'ENTRYPOINT ["a"]'])).toMatchObject({
      Cmd: ['b'],
      Entrypoint: ['a'],
    });
  });

  test('a working directory goes on from the last', () => {
    expect(applyChanges({}, ['WORKDIR /a', 'WORKDIR b/../c']).WorkingDir).toBe('/a/c');
  });
});

describe('what --change refuses, in Docker’s words', () => {
  test.each<[string, string]>([
    ['RUN x', 'run is not a valid change command'],
    ['MAINTAINER me', 'maintainer is not a valid change command'],
    ['', 'file with no instructions'],
    ['CMD [1,2]', 'when using JSON array syntax, arrays must be comprised of strings only'],
    ['ENV', 'ENV requires at least one argument'],
    ['ENV A', 'ENV must have two arguments'],
    ['ENV A=1 B', `Syntax error - can't find = in "B". Must be of the form: name=value`],
    ['ENV A=$A:2 "B c=3"', 'unexpected end of statement while looking for matching double-quote'],
    ['ENV A="x', String.raw`failed to process "\"x": unexpected end of statement`],
    ['ENV =x', 'ENV names can not be blank'],
    ['ENV A=${', `failed to process "\${": syntax error: missing '}'`],
    ['LABEL a', 'LABEL must have two arguments'],
    ['EXPOSE', 'EXPOSE requires at least one argument'],
    ['EXPOSE x', 'Invalid containerPort: x'],
    ['EXPOSE 99999', 'Invalid containerPort: 99999'],
    ['EXPOSE 80/foo', 'Invalid proto: foo'],
    ['USER', 'USER requires exactly one argument'],
    ['WORKDIR', 'WORKDIR requires exactly one argument'],
    ['VOLUME', 'VOLUME requires at least one argument'],
    ['VOLUME ""', 'VOLUME specified can not be an empty string'],
    ['ONBUILD', 'ONBUILD requires at least one argument'],
    ['ONBUILD ONBUILD RUN x', "Chaining ONBUILD via `ONBUILD ONBUILD` isn't allowed"],
    ['ONBUILD FROM x', "FROM isn't allowed as an ONBUILD trigger"],
    ['HEALTHCHECK', 'HEALTHCHECK requires at least one argument'],
    ['HEALTHCHECK FOO', 'Unknown type "FOO" in HEALTHCHECK (try CMD)'],
  ])('%s', (text, message) => {
    expect(() => applyChanges(BASE, [text])).toThrow(message);
  });
});
