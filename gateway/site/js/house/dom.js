/**
 * The hand that writes on the page: elements out of plain values.
 *
 * It refuses to know what a page is about, and to read markup: text is text, whoever wrote it. Invariant: nothing is
 * written that stands there already, so that a screen reader and the layout are left in peace.
 */

/**
 * Make an element. A property that is a function is a listener (`onclick`), true an empty attribute, null or false
 * none; all else an attribute. Children are nodes or text; null and false are left out.
 *
 * @param {string} tag
 * @param {Record<string, any>} [properties]
 * @param {...(Node | string | number | null | undefined | false)} children
 * @returns {any} the element
 */
export function element(tag, properties = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (typeof value === "function") node.addEventListener(name.slice(2), value);
    else setAttribute(node, name, value);
  }
  node.append(...children.filter((child) => child !== null && child !== undefined && child !== false));
  return node;
}

const SVG = "http://www.w3.org/2000/svg";

/**
 * Make an element of a drawing.
 *
 * @param {string} tag
 * @param {Record<string, string | number>} [attributes]
 * @param {...Node} children
 */
export function drawn(tag, attributes = {}, ...children) {
  const node = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, String(value));
  node.append(...children);
  return node;
}

/** Write a text, unless it stands there. @param {Node} node @param {string | number} text */
export function setText(node, text) {
  const written = String(text);
  if (node.textContent !== written) node.textContent = written;
}

/** Set an attribute, unless it is so; true is an empty one, null and false none. */
export function setAttribute(/** @type {Element} */ node, /** @type {string} */ name, /** @type {any} */ value) {
  if (value === null || value === undefined || value === false) {
    if (node.hasAttribute(name)) node.removeAttribute(name);
    return;
  }
  const written = value === true ? "" : String(value);
  if (node.getAttribute(name) !== written) node.setAttribute(name, written);
}

/** Show or hide. @param {HTMLElement} node @param {boolean} shown */
export function setShown(node, shown) {
  if (node.hidden === shown) node.hidden = !shown;
}

/** Return the element of this id; every page has those it asks for. @param {string} id @returns {any} */
export function byId(id) {
  const node = document.getElementById(id);
  if (node === null) throw new Error(`the page has no element ${id}`);
  return node;
}
