import { TinyrunError } from '../errors.ts';

/**
 * The name of an image, normalised: Docker's short names are made full (`alpine` is
 * `docker.io/library/alpine:latest`). Grammar: the distribution project's reference package.
 */
export interface Reference {
  /** Registry host, with a port where given: `docker.io`, `localhost:5000`, `[::1]:5000`. */
  readonly domain: string;
  /** Repository below the domain: `library/alpine`. */
  readonly path: string;
  readonly tag?: string;
  /** `sha256:` and 64 hexadecimal digits. */
  readonly digest?: string;
}

export const DEFAULT_DOMAIN = 'docker.io';
const LEGACY_DOMAIN = 'index.docker.io';
const OFFICIAL = 'library/';

const COMPONENT = /^[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*$/;
const DOMAIN =
  /^(?:\[[0-9a-fA-F:]+\]|(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])(?:\.(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9]))*)(?::[0-9]+)?$/;
const TAG = /^\w[\w.-]{0,127}$/;
const DIGEST = /^(?:sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128})$/;
const BARE_ID = /^[0-9a-f]{64}$/;
const MAX_NAME = 255;

/**
 * Parses a reference as a person writes it; a name without tag and digest gets the tag `latest`.
 * @throws TinyrunError INVALID_REFERENCE that names the part that is wrong
 */
export function parseReference(text: string): Reference {
  const named = parseNamed(text);
  return named.tag || named.digest ? named : { ...named, tag: 'latest' };
}

/** The same without the default tag: `alpine` stays without one. */
export function parseNamed(text: string): Reference {
  if (text === '') throw invalid(text, 'it is empty');
  if (BARE_ID.test(text))
    throw invalid(text, 'a 64-digit hexadecimal string is an image id, not a repository name');
  const { rest: named, suffix: digest } = cut(text, text.indexOf('@'));
  const { rest: name, suffix: tag } = cut(named, tagColon(named));
  const { domain, path } = splitDomain(name);
  checkName(text, domain, path);
  if (tag !== undefined && !TAG.test(tag))
    throw invalid(
      text,
      `bad tag "${tag}": letters, digits, ".", "_" and "-", at most 128, not starting with "." or "-"`,
    );
  if (digest !== undefined && !DIGEST.test(digest))
    throw invalid(text, `bad digest "${digest}": sha256: and 64 lowercase hexadecimal digits are expected`);
  return { domain, path, ...(tag !== undefined && { tag }), ...(digest !== undefined && { digest }) };
}

function cut(text: string, at: number): { rest: string; suffix?: string } {
  return at < 0 ? { rest: text } : { rest: text.slice(0, at), suffix: text.slice(at + 1) };
}

/** The colon before a tag comes after the last slash; one before it belongs to a port. */
function tagColon(text: string): number {
  const colon = text.lastIndexOf(':');
  return colon > text.lastIndexOf('/') ? colon : -1;
}

/** The first component is a host when it could not be a repository's: a dot, a colon, `localhost`, upper case. */
function splitDomain(name: string): { domain: string; path: string } {
  const slash = name.indexOf('/');
  const first = slash < 0 ? '' : name.slice(0, slash);
  const isHost = slash > 0 && (/[.:]/.test(first) || first === 'localhost' || first !== first.toLowerCase());
  const domain = isHost ? first : DEFAULT_DOMAIN;
  const path = isHost ? name.slice(slash + 1) : name;
  if (domain !== DEFAULT_DOMAIN && domain !== LEGACY_DOMAIN) return { domain, path };
  return { domain: DEFAULT_DOMAIN, path: path.includes('/') ? path : OFFICIAL + path };
}

function checkName(text: string, domain: string, path: string): void {
  if (!DOMAIN.test(domain)) throw invalid(text, `bad registry host "${domain}"`);
  if (path !== path.toLowerCase()) throw invalid(text, `repository name "${path}" must be lowercase`);
  const bad = path.split('/').find((component) => !COMPONENT.test(component));
  if (bad === '') throw invalid(text, 'a part of the repository name is empty');
  if (bad !== undefined)
    throw invalid(
      text,
      `bad repository name "${bad}": lowercase letters and digits, separated by ".", "_", "__" or "-"`,
    );
  if (path.length > MAX_NAME)
    throw invalid(text, `the repository name is longer than ${MAX_NAME} characters`);
}

function invalid(text: string, why: string): TinyrunError {
  return new TinyrunError('INVALID_REFERENCE', `invalid reference format "${text}": ${why}`);
}

/** Domain and path: `docker.io/library/alpine`. */
export function repositoryOf(reference: Reference): string {
  return `${reference.domain}/${reference.path}`;
}

/** The whole name: `docker.io/library/alpine:latest`, `host/name@sha256:…`. */
export function formatReference(reference: Reference): string {
  const tag = reference.tag === undefined ? '' : `:${reference.tag}`;
  const digest = reference.digest === undefined ? '' : `@${reference.digest}`;
  return repositoryOf(reference) + tag + digest;
}

/**
 * The whole name that an image is given: `docker.io/library/alpine:latest`.
 * @throws TinyrunError INVALID_REFERENCE for what could be read as a digest, in Docker's words
 */
export function tagName(text: string): string {
  const reference = parseReference(text);
  if (reference.digest !== undefined) throw invalid(text, 'refusing to create a tag with a digest reference');
  if (familiarName(reference) === 'sha256')
    throw invalid(text, 'refusing to create an ambiguous tag using digest algorithm as name');
  return formatReference(reference);
}

/** The repository as Docker shows it: `alpine`, `user/name`, `host:5000/name`. */
export function familiarName(reference: Pick<Reference, 'domain' | 'path'>): string {
  if (reference.domain !== DEFAULT_DOMAIN) return `${reference.domain}/${reference.path}`;
  const short = reference.path.startsWith(OFFICIAL) ? reference.path.slice(OFFICIAL.length) : reference.path;
  return short.includes('/') ? reference.path : short;
}

/** The whole name as Docker shows it: `alpine:latest`. */
export function familiarReference(reference: Reference): string {
  const full = formatReference(reference);
  return familiarName(reference) + full.slice(repositoryOf(reference).length);
}

/** A whole name as Docker shows it, without parsing: names in the index are normalised already, and listings long. */
export function familiarOf(full: string): string {
  const prefix = `${DEFAULT_DOMAIN}/`;
  if (!full.startsWith(prefix)) return full;
  const path = full.slice(prefix.length);
  const rest = path.slice(OFFICIAL.length);
  return path.startsWith(OFFICIAL) && !rest.includes('/') ? rest : path;
}

/** Image ids as people shorten them: 1 to 64 hexadecimal digits, with or without `sha256:`. */
export function parseIdPrefix(text: string): string | undefined {
  return /^(?:sha256:)?([0-9a-f]{1,64})$/.exec(text)?.[1];
}

/** @throws TinyrunError INVALID_REFERENCE */
export function checkDigest(digest: string): string {
  if (!DIGEST.test(digest)) throw invalid(digest, 'sha256: and 64 lowercase hexadecimal digits are expected');
  return digest;
}

export const isDigest = (text: string): boolean => DIGEST.test(text);
