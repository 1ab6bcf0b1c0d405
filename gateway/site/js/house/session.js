/**
 * The session: who sits at this browser, as the server says.
 *
 * It refuses to see the token again once it was handed in: it lives in a cookie that no script can read. Source:
 * protocol.md, "Sessions of a browser".
 */

import { get, post, remove } from "./api.js";

const PATH = "/v1/session";
/** The page. */
export const SIGN_IN = "/sign-in";

/**
 * @typedef {object} Session
 * @property {string | null} sub
 * @property {"watcher" | "bidder" | "operator" | "admin" | "auditor"} role
 * @property {string | null} org
 * @property {number | null} exp microseconds
 * @property {{sub: string, role: string, org: string | null}[]} people who may be picked (in the demo)
 * @property {string | null} provider where the house's identity provider signs people in
 */

/** @returns {Promise<Session>} */
export function whoAmI() {
  return get(PATH);
}

/** @param {{token: string} | {person: string}} as @returns {Promise<Session>} */
export function signIn(as) {
  return post(PATH, as);
}

/** @returns {Promise<Session>} */
export function signOut() {
  return remove(PATH);
}

/** Whether this session may run sales. @param {Session} session */
export function isOperator(session) {
  return session.role === "operator" || session.role === "admin";
}

/** Where to sign in, and come back to this page. */
export function signInAddress() {
  return `${SIGN_IN}?${new URLSearchParams({ next: location.pathname + location.search })}`;
}
