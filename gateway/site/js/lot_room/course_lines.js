/**
 * The course of the price as numbers: what the plot draws, and the sentence that says the same.
 *
 * It refuses to draw. Invariants: times never go back (the order is that of `seq`); every point was told by the house.
 * Instants are seconds on the axis, amounts minor units. Source: protocol.md, "Public events".
 */

/**
 * @typedef {object} Course
 * @property {number[]} at
 * @property {(number | null)[]} price
 * @property {(number | null)[]} beaten ceilings that were offered and beaten
 * @property {number[]} extensions
 */

/** @param {any[]} events from the oldest on @param {number | null} untilUs how far the last price reaches @returns {Course} */
export function courseOf(events, untilUs) {
  /** @type {Course} */
  const course = { at: [], price: [], beaten: [], extensions: [] };
  let price = null;
  let at = 0;
  for (const event of events) {
    at = Math.max(at, event.at / 1e6);
    if (event.ev === "lot_extended") course.extensions.push(at);
    const before = price;
    price = event.price === undefined ? price : event.price;
    const beaten = isBeatenCeiling(event) ? event.offered : null;
    if (price === before && beaten === null) continue;
    point(course, at, price, beaten);
  }
  const last = course.at.at(-1);
  if (last !== undefined && untilUs !== null && untilUs / 1e6 > last) point(course, untilUs / 1e6, price, null);
  return course;
}

/** @param {Course} course @param {number} at @param {number | null} price @param {number | null} beaten */
function point(course, at, price, beaten) {
  course.at.push(at);
  course.price.push(price);
  course.beaten.push(beaten);
}

/** @param {any} event */
function isBeatenCeiling(event) {
  return event.ev === "bid_placed" && event.kind === "max_bid" && typeof event.offered === "number";
}
