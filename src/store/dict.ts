/**
 * A table without JavaScript's own names: `constructor` and `__proto__`, asked for by a config, a flag or an image,
 * are not in it unless they were put in.
 */
export function dict<T extends object>(members: T): T {
  return Object.assign(Object.create(null), members);
}
