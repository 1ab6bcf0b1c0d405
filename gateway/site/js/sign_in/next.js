/**
 * Where somebody goes once he has signed in: back to the page that sent him here.
 *
 * It refuses to lead anywhere else: an address of another house, however it is disguised, is the catalogue. Invariant:
 * what it returns is a path of this origin. Source: CWE-601; WHATWG URL (a browser reads `/\` and `/<tab>/` as `//`).
 */

import { SIGN_IN } from "../house/session.js";

const KEPT = "knockdown.next";
const HOME = "/";

/** @param {string | null} wished @returns {string} */
export function ownPath(wished) {
  if (wished === null || !/^\/(?![/\\])/.test(wished)) return HOME;
  try {
    const address = new URL(wished, location.origin);
    const isOurs = address.origin === location.origin && address.pathname !== SIGN_IN;
    return isOurs ? address.pathname + address.search + address.hash : HOME;
  } catch {
    return HOME;
  }
}

/** Return where to go: as the address says, else as it was kept on the way out to the provider. */
export function nextPath() {
  return ownPath(new URLSearchParams(location.search).get("next") ?? recalled());
}

/** Keep it while the provider has the browser: it sends people back without. @param {string} path */
export function keepNext(path) {
  try {
    sessionStorage.setItem(KEPT, path);
  } catch {
    // a browser that keeps nothing comes back to the catalogue
  }
}

/** It was used. */
export function forgetNext() {
  try {
    sessionStorage.removeItem(KEPT);
  } catch {
    // nothing was kept
  }
}

function recalled() {
  try {
    return sessionStorage.getItem(KEPT);
  } catch {
    return null;
  }
}
