import { TinyrunError } from '../../../errors.ts';

/** `80`, `80/udp`, `8000-8010/tcp`: each port by itself. Docker's words. */
export function parseExpose(text: string): string[] {
  const fail = (problem: string) => new TinyrunError('USAGE', `--expose ${JSON.stringify(text)}: ${problem}`);
  if (text.includes(':')) throw fail(`invalid port format for --expose: ${text}`);
  const [ports = '', protocol] = text.split('/', 2);
  const range = (problem: string) => fail(`invalid range format for --expose: ${text}, error: ${problem}`);
  if (ports === '') throw range('empty string specified for ports');
  const [first, last = first] = ports.split('-', 2).map((port) => {
    if (!/^\d+$/.test(port)) throw range(`parsing ${JSON.stringify(port)}: invalid syntax`);
    if (Number(port) > 65_535) throw range(`parsing ${JSON.stringify(port)}: value out of range`);
    return Number(port);
  });
  if (first === undefined || last === undefined || last < first)
    throw range(`invalid range specified for port: ${ports}`);
  return Array.from({ length: last - first + 1 }, (_, index) => `${first + index}/${protocol || 'tcp'}`);
}
