/**
 * The path below /proc/sys that a sysctl key names, component by component, or undefined when it is none. As in
 * sysctl(8) the first separator decides: `net.ipv4.conf.eth0/1.forwarding` and `net/ipv4/conf/eth0.1/forwarding`
 * are the same.
 */
export function sysctlPath(key: string): string[] | undefined {
  const separator = /[./]/.exec(key)?.[0];
  const parts = separator === '/' ? key.split('/') : key.split('.').map((part) => part.replaceAll('/', '.'));
  const odd = parts.some((part) => part === '' || part === '.' || part === '..' || part.includes('\0'));
  return odd || parts.length < 2 ? undefined : parts;
}
