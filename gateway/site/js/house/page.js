/**
 * What all pages have in common: the header, who you are, how the connection is, and short messages.
 *
 * It refuses to know what a page shows. Invariants: a page opens once; who you are is what the server says, asked for
 * once at the start and again whenever the server ends the session. Instants are microseconds.
 */

import house from "../../words/house.js";
import { announce } from "./announcer.js";
import { byId, element, setAttribute, setShown, setText } from "./dom.js";
import { isOperator, SIGN_IN, signInAddress, signOut, whoAmI } from "./session.js";
import { showLook } from "./theme.js";
import { Wire } from "./wire.js";
import { language, say, setLanguage, teach } from "./words.js";

const TOAST_MS = 8_000;
const UNAUTHENTICATED = 4401;
const STARTED_OVER = "knockdown.started_over";
const START_OVER_MS = 60_000;

/**
 * Open the page.
 *
 * @param {{words: any, title: string, isLive?: boolean}} page its words, the key of its title, and whether it is connected
 * @returns {Promise<{wire: Wire, clock: import("./server_clock.js").ServerClock, session: import("./session.js").Session}>}
 */
export async function openPage({ words, title, isLive = true }) {
  teach(house);
  teach(words);
  document.documentElement.lang = language === "zh" ? "zh-CN" : "en";
  document.title = `${say(title)} · ${say("house.name")}`;
  const session = await whoAmI();
  byId("header").replaceChildren(...header(session));
  document.body.append(element("section", { id: "toasts", class: "toasts", "aria-label": say("toast.label") }));
  const wire = new Wire();
  wire.on("status", () => showConnection(wire));
  wire.on("hello", (hello) => isOther(hello, session) && startOver());
  if (isLive) wire.connect();
  showConnection(wire);
  setShown(byId("connection"), isLive);
  return { wire, clock: wire.clock, session };
}

/**
 * Say something in passing; it is read out, and can be put away. Returns the note, for those who take it back.
 *
 * @param {string} text
 * @param {{kind?: "good" | "bad" | "plain", urgent?: boolean}} [how]
 */
export function toast(text, { kind = "plain", urgent = kind === "bad" } = {}) {
  announce(text, { urgent });
  const close = element("button", { type: "button", class: "quiet", "aria-label": say("toast.close"), onclick: () => note.remove() }, "×");
  const note = element("div", { class: "toast", "data-kind": kind }, element("span", {}, text), close);
  byId("toasts").append(note);
  setTimeout(() => note.remove(), TOAST_MS);
  return note;
}

/** Say in the viewer's words why something was refused: the house's sentence where there is none of ours. */
export function refusalText(/** @type {{code: string, detail: string}} */ refused, /** @type {Record<string, any>} */ values = {}) {
  try {
    return say(`refused.${refused.code}`, values);
  } catch {
    return refused.detail;
  }
}

/** @param {import("./session.js").Session} session */
function header(session) {
  const links = [link("/", "nav.catalogue")];
  if (isOperator(session)) links.push(link("/operator", "nav.operator"), link("/operator/wall", "nav.wall"));
  return [
    element("a", { class: "skip", href: "#main" }, say("nav.skip")),
    element("a", { class: "brand", href: "/" }, say("house.name")),
    element("nav", { "aria-label": say("nav.label") }, ...links),
    element("p", { id: "connection", class: "connection", role: "status" }),
    element("div", { class: "tools" }, languageButton(), lookButton(), ...person(session)),
  ];
}

/** @param {string} address @param {string} key */
function link(address, key) {
  return element("a", { href: address, "aria-current": location.pathname === address ? "page" : null }, say(key));
}

function languageButton() {
  const other = language === "zh" ? "en" : "zh";
  const named = { en: "English", zh: "中文" }[other];
  const lang = other === "zh" ? "zh-CN" : "en";
  return element("button", { type: "button", class: "quiet", lang, onclick: () => setLanguage(/** @type {any} */ (other)) }, named);
}

function lookButton() {
  const button = element("button", { type: "button", class: "quiet", id: "look" });
  showLook(button);
  return button;
}

/** @param {import("./session.js").Session} session */
function person(session) {
  if (session.sub === null && location.pathname === SIGN_IN) return [];
  if (session.sub === null) return [element("a", { class: "button", href: signInAddress() }, say("session.sign_in"))];
  const leave = async () => {
    await signOut();
    location.reload();
  };
  return [
    element("span", { class: "person" }, say("session.you_are", { name: session.sub, role: say(`role.${session.role}`) })),
    element("button", { type: "button", class: "quiet", id: "sign-out", onclick: leave }, say("session.sign_out")),
  ];
}

/** @param {{role: string, bidder: string | null}} hello @param {import("./session.js").Session} session */
function isOther(hello, session) {
  return hello.role !== session.role || (session.role === "bidder" && hello.bidder !== session.sub);
}

/**
 * Open the page anew, since the server takes us for somebody else than it was made for: signed out, expired, or signed
 * in elsewhere. Not twice in a minute: a browser whose requests and sockets disagree would never come to rest.
 */
function startOver() {
  const last = Number(sessionStorage.getItem(STARTED_OVER) ?? 0);
  if (Date.now() - last < START_OVER_MS) return;
  sessionStorage.setItem(STARTED_OVER, String(Date.now()));
  location.reload();
}

/** @param {Wire} wire */
function showConnection(wire) {
  if (wire.status === "ended" && wire.endedWith === UNAUTHENTICATED) {
    startOver();
  }
  const node = byId("connection");
  setText(node, say(`connection.${wire.status}`));
  setAttribute(node, "data-status", wire.status);
}
