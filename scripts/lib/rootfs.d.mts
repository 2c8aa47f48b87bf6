export function makeRootfs(dir: string): string;
