/**
 * All orders as buttons, each with its key; those that make no sense on the lot say why.
 *
 * It refuses to give an order itself. Invariant: a button that does nothing can still be reached, and tells the reason.
 */

import { element, setAttribute } from "../house/dom.js";
import { toast } from "../house/page.js";
import { say } from "../house/words.js";
import { GROUPS, ORDERS, unfit } from "./orders.js";

export class OrderButtons {
  /** @param {(order: import("./orders.js").Order) => void} choose */
  constructor(choose) {
    this.choose = choose;
    /** @type {any} */
    this.lot = null;
    /** @type {Map<import("./orders.js").Order, HTMLElement>} */
    this.buttons = new Map();
    this.node = element("section", { class: "orders", "aria-labelledby": "orders-title" }, element("h3", { id: "orders-title" }, say("panel.orders")), ...GROUPS.map((group) => this.#group(group)));
  }

  /** @param {string} group */
  #group(group) {
    const orders = ORDERS.filter((order) => order.group === group);
    const id = `orders-${group}`;
    return element("div", { role: "group", "aria-labelledby": id, class: "group" }, element("h4", { id }, say(`group.${group}`)), ...orders.map((order) => this.#button(order)));
  }

  /** @param {import("./orders.js").Order} order */
  #button(order) {
    const button = element(
      "button",
      { type: "button", "data-order": order.name, class: order.grave ? "danger" : null, "aria-keyshortcuts": order.key, onclick: () => this.#pressed(order) },
      element("span", {}, say(`order.${order.name}`)),
      element("kbd", {}, order.key),
    );
    this.buttons.set(order, button);
    return button;
  }

  /** @param {import("./orders.js").Order} order */
  #pressed(order) {
    const why = this.lot === null ? "unknown" : unfit(order, this.lot);
    if (why === null) this.choose(order);
    else toast(say(`unfit.${why}`));
  }

  /** @param {any} lot */
  show(lot) {
    this.lot = lot;
    for (const [order, button] of this.buttons) {
      const why = unfit(order, lot);
      setAttribute(button, "aria-disabled", why === null ? null : "true");
      setAttribute(button, "title", why === null ? null : say(`unfit.${why}`));
    }
  }
}
