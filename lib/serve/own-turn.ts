/** How long one turn of the event loop may encode, of all requests together, in milliseconds. */
const LONGEST = 4;
/** When this turn's encoding began. */
let begun: number | undefined;

/**
 * Call before a piece of work of about a millisecond: where this turn of the event loop has had enough of such work, others
 * have theirs first.
 */
export async function ownTurn(): Promise<void> {
  if (begun === undefined) {
    begun = performance.now();
    setImmediate(() => {
      begun = undefined;
    });
  } else if (performance.now() - begun > LONGEST) await new Promise(setImmediate);
}
