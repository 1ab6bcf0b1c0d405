/** The operator page. */

import { openPage } from "./house/page.js";
import words from "../words/operator.js";

await openPage({ words, title: "operator.title" });
