/**
 * Moves: how one order becomes another by moving as few as can be.
 *
 * It refuses to know what is ordered. Source: the longest rising subsequence by patience sorting (Fredman 1975).
 */

/**
 * Return those whose places among each other stay, so that all others have to move around them.
 *
 * @template T
 * @param {T[]} wanted the new order
 * @param {Map<T, number>} places where each has stood; what is not in it is new
 * @returns {Set<T>}
 */
export function staying(wanted, places) {
  /** The last of the best run of each length, and who stands before it. @type {T[]} */
  const ends = [];
  /** @type {Map<T, T | undefined>} */
  const before = new Map();
  for (const one of wanted) {
    const place = places.get(one);
    if (place === undefined) continue;
    const length = runBelow(ends, places, place);
    before.set(one, ends[length - 1]);
    ends[length] = one;
  }
  const stay = new Set();
  for (let one = ends.at(-1); one !== undefined; one = before.get(one)) stay.add(one);
  return stay;
}

/**
 * Return how long a run is at most whose last stands before this place.
 *
 * @template T
 * @param {T[]} ends
 * @param {Map<T, number>} places
 * @param {number} place
 */
function runBelow(ends, places, place) {
  let [low, high] = [0, ends.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (/** @type {number} */ (places.get(/** @type {T} */ (ends[middle]))) < place) low = middle + 1;
    else high = middle;
  }
  return low;
}
