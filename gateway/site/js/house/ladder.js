/**
 * Steps: what may sensibly be offered above the ask, so that a bidder need not reckon.
 *
 * It refuses to decide: the ask is the server's, and so is whether an offer counts. Amounts are minor units. Source:
 * rules.md, sections 3 and 5; protocol.md, "Terms" (`ladder`, `raise`).
 */

/**
 * Return the step from this price on.
 *
 * @param {[number, number][]} ladder `[[from, step], …]`, from low to high, the first from 0
 * @param {number} price
 */
export function stepAt(ladder, price) {
  return ladder.reduce((step, [from, ofBand]) => (price >= from ? ofBand : step), ladder[0]?.[1] ?? 1);
}

/**
 * Return the ask and the amounts one step apart above it; none where nothing is asked.
 *
 * @param {{ask: number | null, terms: {ladder: [number, number][]}}} lot
 * @param {number} count
 * @returns {number[]}
 */
export function nextAmounts(lot, count) {
  const amounts = [];
  for (let amount = lot.ask; amount !== null && amounts.length < count; amount += stepAt(lot.terms.ladder, amount)) {
    amounts.push(amount);
  }
  return amounts;
}

/**
 * Whether an offer is so far above the ask that it may be a slip of the finger.
 *
 * @param {{ask: number | null, terms: {confirm_above: number | null}}} lot
 * @param {number} amount
 */
export function isFarAbove(lot, amount) {
  return lot.ask !== null && lot.terms.confirm_above !== null && amount > lot.ask * lot.terms.confirm_above;
}
