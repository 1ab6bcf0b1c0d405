/**
 * The buyer's premium: what is added to a hammer price.
 *
 * It refuses to know who pays it. Invariant: rounded once, half up, after all bands were added, as the house does it.
 * Amounts are whole minor units, shares basis points. Source: protocol.md, "Terms" (`premium`); lots/settlement.py.
 */

const WHOLE = 10_000n;

/** @param {number} price @param {[number, number][]} bands `[[from, basis points], …]` @returns {number} */
export function premiumOn(price, bands) {
  let parts = 0n;
  bands.forEach(([from, share], index) => {
    const top = Math.min(price, bands[index + 1]?.[0] ?? price);
    parts += BigInt(share) * BigInt(Math.max(0, top - from));
  });
  return Number((parts + WHOLE / 2n) / WHOLE);
}
