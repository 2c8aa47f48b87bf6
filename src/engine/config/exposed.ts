import type { ImageDefaults } from '../../image/types.ts';
import { ConfigError } from './error.ts';

/** @throws ConfigError for what is no port */
export function checkExposed(ports: readonly string[]): void {
  for (const [index, port] of ports.entries()) {
    const [, number] = /^(\d{1,5})\/[a-zA-Z]+$/.exec(port) ?? [];
    if (number === undefined || Number(number) > 65_535)
      throw new ConfigError(`exposed[${index}]`, 'not PORT/PROTOCOL, as in 80/tcp');
  }
}

/** What the image says, and what was said when it was made. */
export function exposedPorts(own: readonly string[] = [], { ExposedPorts }: ImageDefaults) {
  if (own.length === 0) return ExposedPorts;
  const ports = [...new Set([...Object.keys(ExposedPorts ?? {}), ...own])].sort();
  return Object.fromEntries(ports.map((port) => [port, {}]));
}
