const CLEAR = '\x1b[2J';
const HOME = '\x1b[H';
const TO_END_OF_LINE = '\x1b[K';
const TO_END_OF_SCREEN = '\x1b[J';

/**
 * Shows a text on a terminal in place of the one before it; no blank screen in between, since what is there is written
 * over. What others wrote in it has been made visible.
 */
export function redrawing(draw: (text: string) => void): (text: string) => void {
  let isFirst = true;
  return (text) => {
    const lines = text.replaceAll('\n', `${TO_END_OF_LINE}\n`);
    draw(`${isFirst ? CLEAR : ''}${HOME}${lines}${TO_END_OF_SCREEN}`);
    isFirst = false;
  };
}
