/**
 * A token, as far as a page may look at it: for whom it says it is.
 *
 * It refuses to judge: whether a token counts is for the server to say. Invariants: a token that came in the address
 * is out of it before anything else happens; nothing is kept. Instants are microseconds. Source: RFC 7519.
 */

const NAMED = "token";

/** Whether there is one in the address. */
export function holdsToken() {
  return new URLSearchParams(location.hash.slice(1)).has(NAMED);
}

/** Take the token out of the address, where an identity provider has put it; null without one. @returns {string | null} */
export function takeToken() {
  const told = new URLSearchParams(location.hash.slice(1));
  const token = told.get(NAMED);
  if (token === null) return null;
  history.replaceState(null, "", location.pathname + location.search);
  return token;
}

/**
 * Return for whom a token says it is; null where it is none.
 *
 * @param {string} token
 * @returns {{sub: string, role: string, exp: number} | null}
 */
export function readToken(token) {
  try {
    const payload = token.trim().split(".")[1] ?? "";
    const bytes = Uint8Array.from(atob(payload.replaceAll("-", "+").replaceAll("_", "/")), (letter) => letter.charCodeAt(0));
    const { sub, role, exp } = JSON.parse(new TextDecoder().decode(bytes));
    return typeof sub === "string" && typeof role === "string" && typeof exp === "number" ? { sub, role, exp: exp * 1e6 } : null;
  } catch {
    return null;
  }
}
