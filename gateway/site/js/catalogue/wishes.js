/**
 * What the viewer wants to see of a sale, kept in the page's address, so that it can be shared and survives a reload.
 *
 * It refuses to know lots. Invariants: what stands in the address and what is shown are the same; a wish that nobody has
 * uttered does not stand there; what somebody else wrote into an address is taken for text and nothing more.
 */

export const SORTS = /** @type {const} */ (["closing", "price_high", "price_low", "bids"]);

/**
 * @typedef {object} Wishes
 * @property {string} sale
 * @property {string} q what is searched for
 * @property {string} category
 * @property {string} country
 * @property {string} consignor
 * @property {string} phase a phase, or `yours`
 * @property {string} sort one of SORTS
 */

/** Nothing in particular. @type {Readonly<Wishes>} */
export const NONE = Object.freeze({ sale: "", q: "", category: "", country: "", consignor: "", phase: "", sort: "closing" });

const NAMES = /** @type {(keyof Wishes)[]} */ (Object.keys(NONE));

/** @returns {Wishes} */
export function readWishes(search = location.search) {
  const told = new URLSearchParams(search);
  const wishes = /** @type {Wishes} */ (Object.fromEntries(NAMES.map((name) => [name, told.get(name) ?? NONE[name]])));
  if (!SORTS.includes(/** @type {any} */ (wishes.sort))) wishes.sort = NONE.sort;
  return wishes;
}

/** Write them into the address; the sale is named as soon as anything is, since another may be the first tomorrow. */
export function writeWishes(/** @type {Wishes} */ wishes, /** @type {string} */ shownSale) {
  const named = isPlain(wishes) ? wishes : { ...wishes, sale: shownSale };
  const told = new URLSearchParams(NAMES.filter((name) => named[name] !== NONE[name]).map((name) => [name, named[name]]));
  const search = told.size > 0 ? `?${told}` : location.pathname;
  history.replaceState(history.state, "", search);
}

/** Whether there is no wish but for the sale. @param {Wishes} wishes */
export function isPlain(wishes) {
  return NAMES.every((name) => name === "sale" || wishes[name] === NONE[name]);
}

/** How many wishes leave lots out. @param {Wishes} wishes */
export function countFilters(wishes) {
  return NAMES.filter((name) => name !== "sale" && name !== "sort" && wishes[name] !== NONE[name]).length;
}
