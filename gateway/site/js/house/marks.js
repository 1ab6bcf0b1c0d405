/**
 * Marks: a sober drawing for each category of lots, where the house has no picture to show.
 *
 * It refuses to know any lot, and to say anything: the category stands beside it in words. Invariants: lines of one
 * weight in the colour of the text around, on a field of 64 by 64; a category nobody has drawn gets the mark of the
 * hammer. Source: the categories of the house's data (`words/house.js`, `category.*`).
 */

import { drawn } from "./dom.js";

/** Each drawing: its lines as paths. @type {Record<string, string[]>} */
const DRAWINGS = {
  "foreclosed home": [
    "M10 31 32 12l22 19", // roof
    "M15 28v24h34V28", // walls
    "M27 52V38h10v14", // door
    "M44 20v-7h-5v3", // chimney
  ],
  property: [
    "M12 54V14h24v40", // tower
    "M36 26h16v28", // wing
    "M19 22h3m4 0h3M19 30h3m4 0h3M19 38h3m4 0h3M43 34h3M43 42h3", // windows
    "M21 54v-8h6v8M8 54h48", // door, ground
  ],
  "financial claim": [
    "M17 9h22l9 9v37H17Z", // sheet
    "M38 9v10h10", // folded corner
    "M24 26h12M24 33h17M24 40h9", // lines
    "M41 40a4.5 4.5 0 1 0 .01 0", // seal
  ],
  machinery: [
    "M32 23a9 9 0 1 0 .01 0", // axle
    "M27.1 13.6L27.8 7.4L36.2 7.4L36.9 13.6L41.5 15.6L46.4 11.6L52.4 17.6L48.4 22.5L50.4 27.1L56.6 27.8L56.6 36.2L50.4 36.9L48.4 41.5L52.4 46.4L46.4 52.4L41.5 48.4" +
      "L36.9 50.4L36.2 56.6L27.8 56.6L27.1 50.4L22.5 48.4L17.6 52.4L11.6 46.4L15.6 41.5L13.6 36.9L7.4 36.2L7.4 27.8L13.6 27.1L15.6 22.5L11.6 17.6L17.6 11.6L22.5 15.6Z", // rim
  ],
  "forest land": [
    "M23 8 12 26h6L8 42h30L28 26h6Z", // fir
    "M23 42v12", // its trunk
    "M43 22l-5 8m5-8 8 13h-4l8 11H40M45 46v8", // the one behind
    "M8 54h48", // ground
  ],
  jade: [
    "M32 9a23 23 0 1 0 .01 0", // disc
    "M32 24a8 8 0 1 0 .01 0", // its hole
    "M32 14a18 18 0 0 1 15.6 9M32 50a18 18 0 0 1-15.6-9", // grain
  ],
  painting: [
    "M9 12h46v40H9Z", // frame
    "M15 18h34v28H15Z", // canvas
    "M15 41l10-12 8 9 5-5 11 12", // hills
    "M40 23a3 3 0 1 0 .01 0", // sun
  ],
  other: [
    "M29 11 44 26M22 18 37 33M31 9l-11 11M46 24 35 35", // head
    "M31 29 11 49", // handle
    "M34 54h22M38 54v-6h14v6", // block
  ],
};

/**
 * Return the mark of a category, as wide as its place.
 *
 * @param {string} category
 * @returns {SVGElement}
 */
export function markOf(category) {
  const lines = DRAWINGS[category] ?? DRAWINGS.other ?? [];
  const look = { class: "mark", viewBox: "0 0 64 64", fill: "none", stroke: "currentColor", "stroke-width": 1.5 };
  const ends = { "stroke-linecap": "round", "stroke-linejoin": "round", "aria-hidden": "true" };
  return drawn("svg", { ...look, ...ends }, ...lines.map((line) => drawn("path", { d: line })));
}
