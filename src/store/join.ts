import { join as anyhow } from 'node:path';

/**
 * `join` of node:path, answer for answer. That walks over each letter in JavaScript, twice a name: of a short command's 60
 * paths, most of them a container's with 100 letters, a third of a millisecond. What is in order as it stands is only put
 * together.
 */
export function join(directory: string, ...names: readonly string[]): string {
  let path = directory;
  for (const name of names) {
    if (name === '') return anyhow(directory, ...names);
    path += `/${name}`;
  }
  // no '.' and '..' of their own, no empty part
  const isPlain = directory !== '' && !path.startsWith('.') && !path.includes('/.') && !path.includes('//');
  return isPlain ? path : anyhow(directory, ...names);
}
