export interface Example {
  readonly name: string;
  readonly code: string;
  readonly output?: string;
}
export function exported(): { readonly name: string; readonly file: string; readonly isType: boolean }[];
export function publicFunctions(): { readonly name: string; readonly examples: readonly string[] }[];
export function moduleOf(code: string): { readonly imports: readonly string[]; readonly body: string };
export function printedBy(code: string): string[];
export function pageExamples(): Example[];
export function modules(): Generator<{ readonly name: string; readonly text: string }>;
