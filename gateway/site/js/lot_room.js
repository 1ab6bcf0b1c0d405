/** The lot_room page. */

import { openPage } from "./house/page.js";
import words from "../words/lot_room.js";

await openPage({ words, title: "lot_room.title" });
