/** The catalogue page. */

import { openPage } from "./house/page.js";
import words from "../words/catalogue.js";

await openPage({ words, title: "catalogue.title" });
