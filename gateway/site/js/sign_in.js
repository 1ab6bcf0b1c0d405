/** The sign_in page. */

import { openPage } from "./house/page.js";
import words from "../words/sign_in.js";

await openPage({ words, title: "sign_in.title" });
