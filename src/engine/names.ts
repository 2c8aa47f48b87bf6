import { readlinkSync, symlinkSync, unlinkSync } from 'node:fs';
import { errnoOf, TinyrunError } from '../errors.ts';
import { namesIn } from '../runtime/journal.ts';
import { join } from '../store/join.ts';
import { ensureDir } from '../store/paths.ts';
import { randomBytes } from '../store/random.ts';
import { ConfigError } from './config/error.ts';

const ADJECTIVES =
  'able agile amber azure bold brave bright brisk calm candid clear clever cosy crisp curious daring deft eager early fair fond frank fresh gentle glad golden graceful hardy honest humble jolly keen kind lively lucid merry mellow modest neat nimble noble patient placid plucky polite proud quick quiet ready robust serene sharp shiny silent sleek smart snug solid steady sturdy sunny swift tidy tender trusty vivid warm wise witty zesty';
const SURNAMES =
  'allen babbage backus bartik bernal bohr borg brooks carson cerf clarke codd conway cox curie darwin dijkstra diffie easley einstein engelbart euclid euler faraday feynman floyd franklin galileo gauss germain goldberg goldstine gray hamilton hamming hellman hoare holberton hopper hypatia ingold jang johnson joliot kay keller kepler kernighan khorana kilby kleene knuth kowalevski lamarr lamport leakey lehmann liskov lovelace mccarthy mcclintock meitner mendel mestorf mirzakhani moore morse napier neumann newton nightingale noether pasteur payne perlman pike poincare ptolemy raman ritchie roentgen rubin sammet sanderson shannon shaw sinoussi stallman stonebraker swartz swirles tesla thompson torvalds turing villani wescoff wiles wilson wing wozniak wright yalow yonath';

/** 64 hexadecimal digits. The first twelve are the hostname, so they must not all be digits: they would read as a number. */
export function newContainerId(): string {
  for (;;) {
    const id = randomBytes(32).toString('hex');
    if (!/^\d{12}/.test(id)) return id;
  }
}

/** adjective_surname, from the id's own random bits; `attempt` above 0 appends a number. */
export function generatedName(id: string, attempt: number): string {
  const pick = (list: string, at: number) => {
    const words = list.split(' ');
    return words[(Number.parseInt(id.slice(at, at + 6), 16) + attempt) % words.length];
  };
  const name = `${pick(ADJECTIVES, 16)}_${pick(SURNAMES, 24)}`;
  return attempt === 0 ? name : `${name}${attempt}`;
}

const NAME = /^[a-zA-Z0-9][a-zA-Z0-9_.-]{1,254}$/;

/** @throws ConfigError */
export function checkName(name: string): void {
  if (NAME.test(name)) return;
  throw new ConfigError('name', 'not a container name', {
    hint: 'letters, digits, _ . and -, 2 to 255 of them, starting with a letter or digit',
  });
}

/** The names in use: a symbolic link each, name → id, so that taking one is one atomic system call. */
export class Names {
  readonly #dir: string;
  constructor(dataRoot: string) {
    this.#dir = join(dataRoot, 'names');
  }

  /** Takes a name for an id; among any number who try at once, one wins. @throws TinyrunError NAME_IN_USE */
  take(name: string, id: string): void {
    checkName(name);
    if (this.#link(name, id)) return;
    // Docker's words: programs look for them, and for the id
    const holder = this.holder(name);
    const by = holder === undefined ? 'another container' : `container "${holder}"`;
    throw new TinyrunError('NAME_IN_USE', `the container name "/${name}" is already in use by ${by}`);
  }

  /** Takes a made-up name. */
  takeGenerated(id: string): string {
    for (let attempt = 0; ; attempt++) {
      const name = generatedName(id, attempt);
      if (this.#link(name, id)) return name;
    }
  }

  holder(name: string): string | undefined {
    try {
      return readlinkSync(join(this.#dir, name));
    } catch {
      return undefined;
    }
  }

  /** Every name a container holds; for when its record cannot tell. */
  of(id: string): string[] {
    return this.all().filter((name) => this.holder(name) === id);
  }

  /** Answers whether it was that container's; of two who let go of it at once, one is told so. */
  release(name: string, id: string): boolean {
    if (this.holder(name) !== id) return false;
    try {
      unlinkSync(join(this.#dir, name));
      return true;
    } catch (error) {
      if (errnoOf(error) !== 'ENOENT') throw error;
      return false;
    }
  }

  all(): string[] {
    return namesIn(this.#dir);
  }

  /** Where it is. */
  path(name: string): string {
    return join(this.#dir, name);
  }

  #link(name: string, id: string): boolean {
    for (let retried = false; ; retried = true) {
      try {
        symlinkSync(id, join(this.#dir, name));
        return true;
      } catch (error) {
        const code = errnoOf(error);
        if (code === 'EEXIST') return false;
        if (code !== 'ENOENT' || retried) throw error;
        ensureDir(this.#dir);
      }
    }
  }
}
