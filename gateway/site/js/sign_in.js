/**
 * Sign-in: picking a person in the demo, or bringing a token of the house's identity provider.
 *
 * It refuses to sign anybody in without his own press of a button: a link could sign him in as somebody else, and have
 * him bid in that name. Invariants: a token leaves the address at once and is shown to nobody; afterwards he is where
 * he came from, and nowhere but in this house.
 *
 * Found by: #signed-in, #go-on, #leave, #people [data-person], #provider, #token, #use-token, #confirm, #confirm-yes,
 * #confirm-no, #wrong.
 */

import words from "../words/sign_in.js";
import { byId, element, setShown, setText } from "./house/dom.js";
import { openPage, refusalText } from "./house/page.js";
import { signIn, signOut, whoAmI } from "./house/session.js";
import { dateTime } from "./house/times.js";
import { knows, say } from "./house/words.js";
import { forgetNext, keepNext, nextPath } from "./sign_in/next.js";
import { holdsToken, readToken, takeToken } from "./sign_in/token.js";

const brought = takeToken();
const { session } = await openPage({ words, title: "sign_in.title", isLive: false });
const next = nextPath();
const wrong = element("p", { id: "wrong", class: "wrong", role: "alert", hidden: true });

const ways = [...(session.sub === null ? [] : [signedIn()]), ...(brought === null ? [] : [confirmation(brought)])];
if (brought === null) ways.push(...openWays());
byId("main").append(element("h1", {}, say("sign_in.title")), wrong, ...ways);
addEventListener("hashchange", () => holdsToken() && location.reload()); // another link, opened in this very window

// Doing it ------------------------------------------------------------------------------------------------------------

/** @param {{token: string} | {person: string}} as */
async function enter(as) {
  setShown(wrong, false);
  try {
    await signIn(as);
    if ((await whoAmI()).sub === null) return complain(say("sign_in.no_cookie", { host: location.host }));
  } catch (problem) {
    return complain(sentence(/** @type {any} */ (problem)));
  }
  forgetNext();
  return location.replace(next);
}

/** @param {{code: string, detail: string}} problem */
function sentence(problem) {
  const key = `sign_in.refused.${problem.code}`;
  return knows(key) ? say(key) : refusalText(problem);
}

/** @param {string} text */
function complain(text) {
  setText(wrong, text);
  setShown(wrong, true);
}

// Ways to do it -------------------------------------------------------------------------------------------------------

function openWays() {
  const picking = session.people.length > 0 ? [people()] : [];
  const leaving = session.provider === null ? [] : [provider(session.provider)];
  return [...picking, ...leaving, pasting()];
}

function signedIn() {
  const leave = async () => {
    await signOut();
    location.reload();
  };
  const name = say("session.you_are", { name: String(session.sub), role: roleName(session.role) });
  const until = session.exp === null ? "" : say("sign_in.until", { at: dateTime(session.exp) });
  return element(
    "section",
    { id: "signed-in", class: "panel way" },
    element("h2", {}, say("sign_in.already", { name })),
    element("p", { class: "faint" }, until),
    element(
      "div",
      { class: "row" },
      element("a", { id: "go-on", class: "button", href: next }, say("sign_in.go_on")),
      element("button", { type: "button", id: "leave", onclick: leave }, say("session.sign_out")),
    ),
  );
}

/** @param {string} token */
function confirmation(token) {
  const told = readToken(token);
  if (told === null) {
    complain(say("sign_in.broken_link"));
    return pasting();
  }
  const yes = () => enter({ token });
  const no = () => location.reload();
  const name = say("session.you_are", { name: told.sub, role: roleName(told.role) });
  return element(
    "section",
    { id: "confirm", class: "panel way" },
    element("h2", {}, say("sign_in.confirm", { name })),
    element("p", {}, say("sign_in.confirm_more")),
    element("p", { class: "faint" }, say("sign_in.until", { at: dateTime(told.exp) })),
    element(
      "div",
      { class: "row" },
      button({ id: "confirm-yes", class: "primary", onclick: yes }, say("sign_in.confirm_yes", { name: told.sub })),
      button({ id: "confirm-no", onclick: no }, say("sign_in.confirm_no")),
    ),
  );
}

function people() {
  const buttons = session.people.map(({ sub, role }) => element("li", {}, personButton(sub, role)));
  return way("people", "people_more", element("ul", { id: "people", class: "people", role: "list" }, ...buttons));
}

/** @param {string} sub @param {string} role */
function personButton(sub, role) {
  const does = knows(`sign_in.role.${role}`) ? say(`sign_in.role.${role}`) : "";
  const words = [element("strong", {}, sub), " ", roleName(role), " ", element("span", { class: "faint" }, does)];
  return button(
    { class: "person-card", "data-person": sub, onclick: () => enter({ person: sub }) },
    element("span", { class: "initial", "aria-hidden": "true" }, sub.slice(0, 1).toUpperCase()),
    element("span", { class: "who" }, ...words),
  );
}

/** @param {string} address */
function provider(address) {
  const go = { id: "provider", class: "button primary", href: address, onclick: () => keepNext(next) };
  return way("provider_title", "provider_more", element("a", go, say("sign_in.provider")));
}

function pasting() {
  const unhelped = { autocomplete: "off", spellcheck: "false", autocapitalize: "none" };
  const field = element("input", { id: "token", type: "password", required: true, ...unhelped });
  const use = (/** @type {Event} */ event) => {
    event.preventDefault();
    const token = field.value.trim();
    return readToken(token) === null ? complain(say("sign_in.no_token")) : enter({ token });
  };
  const label = element("label", {}, say("sign_in.token"), field);
  const send = element("button", { id: "use-token" }, say("sign_in.use_token"));
  return way("paste", "paste_more", element("form", { class: "paste", onsubmit: use }, label, send));
}

/** One way to sign in. @param {string} title @param {string} more @param {Node} means */
function way(title, more, means) {
  const words = [element("h2", {}, say(`sign_in.${title}`)), element("p", { class: "faint" }, say(`sign_in.${more}`))];
  return element("section", { class: "way" }, ...words, means);
}

/** @param {Record<string, any>} properties @param {...(Node | string)} children */
function button(properties, ...children) {
  return element("button", { type: "button", ...properties }, ...children);
}

/** @param {string} role */
function roleName(role) {
  return knows(`role.${role}`) ? say(`role.${role}`) : role;
}
