// What was started is ended, however it comes to its end: a section that cannot open, one that fails, an interrupt.

/** Asked for as soon as there is something to end, so that nothing is between the two. */
export class Ending {
  #acts = [];

  /** Done last first. A field, so that it can be handed on alone. */
  atEnd = (act) => {
    this.#acts.push(act);
  };

  /** Each is done, whatever became of the others; throws what failed, in one line. */
  async end() {
    const failures = [];
    for (const act of this.#acts.splice(0).reverse())
      try {
        await act();
      } catch (error) {
        failures.push(error.message);
      }
    if (failures.length > 0) throw new Error(`not all was ended: ${failures.join('; ')}`);
  }
}
