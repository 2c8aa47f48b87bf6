/** A list as cpuset(7) has it: numbers and ascending ranges, `0-3,7`. */
export function isCpuList(text: string): boolean {
  return text.split(',').every((part) => {
    const range = /^\s*(\d{1,5})(?:-(\d{1,5}))?\s*$/.exec(part);
    return range !== null && (range[2] === undefined || Number(range[1]) <= Number(range[2]));
  });
}
