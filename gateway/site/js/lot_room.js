/**
 * The lot room, `/lots/{lot}`: the page on which somebody bids for a house.
 *
 * It opens the page and the room (`lot_room/room.js`), and shows those who ask for a lot that is not there the way to the
 * catalogue. What tests and people look for:
 *
 * - `#price`, `#price-note`, `#countdown` (`data-phase`, `data-closes-at`), `#clock-error`, `#closes-at`, `#scheduled-at`,
 *   `#extensions`, `#figures[data-extended]` (the end has just moved)
 * - `#standing` with `data-standing`: admitted, leading, outbid, voided, unseen, won, lost, provisional
 * - `.banner` with `data-banner`: store, missed, warned, paused, withdrawn, provisional, notice, stage, settlement, before,
 *   successor
 * - `#bid-ask`, `[data-step]`, `#bid-match`, `#buy-now`, `#own-amount`, `#own-bid`, `#own-ceiling`, `#join`: each button has its
 *   `data-amount`, `aria-disabled` when it does nothing, `data-fresh` while its amount is too new to have been read
 * - `#why` (`data-key`), `#answer` (`data-kind`, `data-code`), `#kept`, `dialog#confirm` with `#confirm-yes` and `#confirm-no`
 * - `#registration`, `#register`, `[data-step-name]` (`data-done`)
 * - `#history > li` (`data-seq`, `data-ev`, `data-mine`, `data-voided`), `#earlier`, `#plot`, `#plot-summary`, `[data-term]`, `#no-room`
 */

import { Problem, get } from "./house/api.js";
import { byId, element, setShown } from "./house/dom.js";
import { openPage } from "./house/page.js";
import { say } from "./house/words.js";
import { Room } from "./lot_room/room.js";
import words from "../words/lot_room.js";

const page = await openPage({ words, title: "lot_room.title" });
const name = decodeURIComponent(location.pathname.split("/")[2] ?? "");
new Room(name, page, { unknown: noRoom, listed });

/** There is no such lot here. */
function noRoom() {
  document.title = say("no_lot.title");
  byId("no-room").replaceChildren(
    element("h1", {}, say("no_lot.title")),
    element("p", {}, say("no_lot.text", { lot: name })),
    element("p", {}, element("a", { href: "/" }, say("no_lot.catalogue"))),
  );
  setShown(byId("room"), false);
  setShown(byId("no-room"), true);
}

/** The sale as it is listed; one that is not yet has only its name. @param {string} sale */
async function listed(sale) {
  try {
    return await get(`/v1/sales/${encodeURIComponent(sale)}`);
  } catch (problem) {
    if (problem instanceof Problem) return { sale, title: sale, zone: "" };
    throw problem;
  }
}
