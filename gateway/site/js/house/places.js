/**
 * Countries by their names, as the viewer's language has them.
 *
 * It refuses to know geography: the browser does. Invariant: what is no country's code is shown as it was listed.
 * Source: ECMA-402 (Intl.DisplayNames); ISO 3166-1 alpha-2.
 */

import { locale } from "./words.js";

const names = new Intl.DisplayNames([locale], { type: "region" });

/** @param {string} country */
export function countryName(country) {
  return /^[A-Z]{2}$/.test(country) ? names.of(country) ?? country : country;
}

/** Place and country in one line; what is missing is left out. @param {{place: string, country: string}} lot */
export function placeLine({ place, country }) {
  return [place, countryName(country)].filter(Boolean).join(", ");
}
