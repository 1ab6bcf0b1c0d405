/**
 * Requests over HTTP: what happens now and then, and needs no feed.
 *
 * It refuses to know who asks; the session cookie says so. Invariant: an answer is what was asked for, or a `Problem`
 * with the house's code. Source: protocol.md, "HTTP"; RFC 9457.
 */

export class Problem extends Error {
  /** @param {{code: string, detail: string, status: number}} body */
  constructor(body) {
    super(body.detail);
    this.name = "Problem";
    this.code = body.code;
    this.detail = body.detail;
    this.status = body.status;
  }
}

/** @param {string} path */
export function get(path) {
  return ask(path, { method: "GET" });
}

/** @param {string} path @param {object} body */
export function post(path, body) {
  return ask(path, { method: "POST", body: JSON.stringify(body), headers: { "Content-Type": "application/json" } });
}

/** @param {string} path */
export function remove(path) {
  return ask(path, { method: "DELETE" });
}

/** @param {string} path @param {RequestInit} request @returns {Promise<any>} */
async function ask(path, request) {
  let response;
  try {
    response = await fetch(path, { cache: "no-store", ...request });
  } catch {
    throw new Problem({ code: "unreachable", detail: "The house cannot be reached.", status: 0 });
  }
  const body = await response.json().catch(() => ({}));
  if (response.ok) return body;
  throw new Problem({ code: "internal", detail: response.statusText, ...body, status: response.status });
}
