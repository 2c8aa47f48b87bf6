import { TinyrunError } from '../../../errors.ts';

const CONTROLS = '@abcdefghijklmnopqrstuvwxyz[\\]^_';

/** `ctrl-p,ctrl-q`, `a,ctrl-\`, a single character each: bytes. @throws TinyrunError */
export function parseDetachKeys(text: string): readonly number[] {
  if (text === '') return [];
  return text.split(',').map((key) => {
    const control = /^ctrl-(.)$/i.exec(key)?.[1];
    const code = control === undefined ? codeOf(key) : CONTROLS.indexOf(control.toLowerCase());
    if (code >= 0) return code;
    throw new TinyrunError(
      'USAGE',
      `--detach-keys ${JSON.stringify(text)}: unknown key ${JSON.stringify(key)}`,
      {
        hint: 'single characters, or ctrl- and one of a-z @ [ \\ ] ^ _, with commas between them',
      },
    );
  });
}

const codeOf = (key: string): number =>
  key.length === 1 && key.charCodeAt(0) < 128 ? key.charCodeAt(0) : -1;
