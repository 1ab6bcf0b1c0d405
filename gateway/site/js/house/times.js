/**
 * Instants and spans as people read them.
 *
 * It refuses to know what time it is. Invariant: what is left of a time is rounded up, so that nothing reads as over
 * before it is. Instants and spans are microseconds, as in the protocol. Source: ECMA-402 (Intl.DateTimeFormat).
 */

import { locale, say } from "./words.js";

const SECOND_US = 1e6;
const TENTHS_BELOW_US = 10 * SECOND_US;

/** The zone in which the viewer lives. */
export const viewerZone = Intl.DateTimeFormat().resolvedOptions().timeZone;

/** @type {Map<string, Intl.DateTimeFormat>} */
const formats = new Map();

/** @param {string | undefined} zone @param {Intl.DateTimeFormatOptions} options */
function formatOf(zone, options) {
  const key = `${zone} ${Object.keys(options)}`;
  let format = formats.get(key);
  if (format === undefined) {
    format = made(zone, options);
    formats.set(key, format);
  }
  return format;
}

/** @param {string | undefined} zone @param {Intl.DateTimeFormatOptions} options */
function made(zone, options) {
  try {
    return new Intl.DateTimeFormat(locale, { ...options, timeZone: zone || viewerZone, hourCycle: "h23" });
  } catch {
    return new Intl.DateTimeFormat(locale, { ...options, hourCycle: "h23" }); // a zone this browser has never heard of
  }
}

/** The time of day, to the second. @param {number} us @param {string} [zone] */
export function clockTime(us, zone) {
  return formatOf(zone, { hour: "2-digit", minute: "2-digit", second: "2-digit" }).format(us / 1000);
}

/** Day and time, with the zone named. @param {number} us @param {string} [zone] */
export function dateTime(us, zone) {
  const day = { day: "numeric", month: "short", year: "numeric" };
  const time = { hour: "2-digit", minute: "2-digit", second: "2-digit", timeZoneName: "short" };
  return formatOf(zone, /** @type {any} */ ({ ...day, ...time })).format(us / 1000);
}

/** Day and time of a span, to the minute, with the zone named. @param {number} fromUs @param {number} toUs @param {string} [zone] */
export function hoursText(fromUs, toUs, zone) {
  const day = { weekday: "short", day: "numeric", month: "short", year: "numeric" };
  const time = { hour: "2-digit", minute: "2-digit", timeZoneName: "short" };
  return formatOf(zone, /** @type {any} */ ({ ...day, ...time })).formatRange(fromUs / 1000, toUs / 1000);
}

/**
 * What is left until an end: `2 d 03:04:05`, `3:04:05`, `4:05`, and tenths in the last ten seconds. At least the
 * smallest step is shown: that it is over, only the server says.
 *
 * @param {number} us
 */
export function countdownText(us) {
  if (us <= TENTHS_BELOW_US) return (Math.max(1, Math.ceil(us / 1e5)) / 10).toFixed(1);
  const seconds = Math.ceil(us / SECOND_US);
  const [days, hours, minutes] = [Math.floor(seconds / 86400), Math.floor(seconds / 3600) % 24, Math.floor(seconds / 60) % 60];
  const tail = `${two(minutes)}:${two(seconds % 60)}`;
  if (days > 0) return `${say("time.days", { count: days })} ${two(hours)}:${tail}`;
  return hours > 0 ? `${hours}:${tail}` : `${minutes}:${two(seconds % 60)}`;
}

/** A span in words, rounded up to its two largest units: `2 min 5 s`. @param {number} us */
export function spanText(us) {
  const seconds = Math.ceil(us / SECOND_US);
  const parts = [
    ["time.days", Math.floor(seconds / 86400)],
    ["time.hours", Math.floor(seconds / 3600) % 24],
    ["time.minutes", Math.floor(seconds / 60) % 60],
    ["time.seconds", seconds % 60],
  ].filter(([, count]) => Number(count) > 0);
  const named = parts.slice(0, 2).map(([key, count]) => say(String(key), { count: Number(count) }));
  return named.join(" ") || say("time.seconds", { count: 0 });
}

/** @param {number} number */
function two(number) {
  return String(number).padStart(2, "0");
}
