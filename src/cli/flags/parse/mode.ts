/** `container:ID` of a namespace flag; other words are the engine's to know, and '' is what it is without. */
export function parseMode<M>(text: string | undefined): M | { container: string } | undefined {
  if (text === undefined || text === '') return undefined;
  if (text.startsWith('container:')) return { container: text.slice('container:'.length) };
  return text as M;
}
