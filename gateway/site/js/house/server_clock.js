/**
 * The server's clock, as well as it can be known here, and how wrong that may be.
 *
 * It refuses to trust the clock of this machine: it counts from `performance.now()`, which no one sets. Invariants: the
 * server's time lies within `errorUs()` of `nowUs()`, since the server read its clock between our question and its
 * answer; an old answer is trusted less and less. Milliseconds come in, microseconds go out. Source: RFC 5905, on-wire
 * protocol (the exchange with the shortest round trip counts).
 */

const DRIFT_PPM = 200; // crystals are within 100 of true; twice that, for both ends
const GRAIN_US = 200; // browsers blur their clock by this much, on purpose
const KEPT = 16;

export class ServerClock {
  constructor() {
    /** @type {{offsetUs: number, halfTripUs: number, atUs: number}[]} */
    this.samples = [];
    this.read = () => performance.now();
  }

  /** Whether the time is known at all. */
  get isSet() {
    return this.samples.length > 0;
  }

  /**
   * Take an answer to a question for the time.
   *
   * @param {number} sentMs when the question went out (`performance.now()`)
   * @param {number} receivedMs when the answer came
   * @param {number} nowUs the server's time in it
   */
  sample(sentMs, receivedMs, nowUs) {
    const [sentUs, receivedUs] = [sentMs * 1000, receivedMs * 1000];
    const halfTripUs = (receivedUs - sentUs) / 2;
    this.samples.push({ offsetUs: nowUs - (sentUs + receivedUs) / 2, halfTripUs, atUs: receivedUs });
    if (this.samples.length > KEPT) this.samples.splice(this.samples.indexOf(this.#worst()), 1);
  }

  /** Forget everything: this machine has slept, and its clock with it. */
  reset() {
    this.samples.length = 0;
  }

  /** The server's time, microseconds since the epoch; NaN as long as it is not known. */
  nowUs() {
    return this.isSet ? this.read() * 1000 + this.#best().offsetUs : Number.NaN;
  }

  /** How far off `nowUs` may be, microseconds; infinite as long as nothing is known. */
  errorUs() {
    return this.isSet ? this.#error(this.#best()) : Number.POSITIVE_INFINITY;
  }

  #best() {
    return this.samples.reduce((best, one) => (this.#error(one) < this.#error(best) ? one : best));
  }

  #worst() {
    return this.samples.reduce((worst, one) => (this.#error(one) > this.#error(worst) ? one : worst));
  }

  /** @param {{halfTripUs: number, atUs: number}} sample */
  #error(sample) {
    return sample.halfTripUs + GRAIN_US + (Math.abs(this.read() * 1000 - sample.atUs) * DRIFT_PPM) / 1e6;
  }
}
