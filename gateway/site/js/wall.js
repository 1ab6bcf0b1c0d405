/** The wall page. */

import { openPage } from "./house/page.js";
import words from "../words/wall.js";

await openPage({ words, title: "wall.title" });
