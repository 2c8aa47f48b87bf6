/**
 * 64 bits of FNV-1a (two 32-bit lanes with different offsets) as 16 hex digits: names a file after a key at a
 * tenth of what loading node:crypto costs. Not collision-resistant; whoever uses it compares the whole key.
 */
export function cheapHash(text: string): string {
  let low = 0x811c9dc5;
  let high = 0xcbf29ce4;
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at);
    low = Math.imul(low ^ unit, 0x01000193);
    high = Math.imul(high ^ unit ^ (low >>> 15), 0x01000193);
  }
  return hex32(high) + hex32(low);
}

function hex32(value: number): string {
  return (value >>> 0).toString(16).padStart(8, '0');
}
