/**
 * A sound for those who look elsewhere: two low tones when they are outbid, one at a fair warning.
 *
 * It refuses to make any before somebody has asked for it. Invariant: what a tone says stands on the page as well.
 * Frequencies are hertz, spans seconds. Source: Web Audio API; WCAG 2.2, 1.4.2 (audio control).
 */

import { element, setAttribute, setText } from "../house/dom.js";
import { say } from "../house/words.js";

const KEPT = "knockdown.sound";
const TONE_S = 0.22;
const LOUDNESS = 0.15;
const TUNES = { outbid: [587, 440], warned: [659], leading: [659, 880] };

export class Sound {
  constructor() {
    this.isOn = kept();
    /** @type {AudioContext | null} */
    this.audio = null;
    this.button = element("button", { type: "button", id: "sound", class: "quiet", onclick: () => this.#turn() });
    this.#show();
  }

  /** @param {keyof TUNES} tune */
  play(tune) {
    if (!this.isOn) return;
    this.audio ??= new AudioContext();
    TUNES[tune].forEach((hertz, index) => tone(/** @type {AudioContext} */ (this.audio), hertz, index * TONE_S));
  }

  #turn() {
    this.isOn = !this.isOn;
    keep(this.isOn);
    this.#show();
    this.play("leading");
  }

  #show() {
    setText(this.button, say("sound"));
    setAttribute(this.button, "aria-pressed", String(this.isOn));
  }
}

/** @param {AudioContext} audio @param {number} hertz @param {number} delay */
function tone(audio, hertz, delay) {
  const [source, loudness] = [audio.createOscillator(), audio.createGain()];
  const start = audio.currentTime + delay;
  source.frequency.value = hertz;
  loudness.gain.setValueAtTime(LOUDNESS, start);
  loudness.gain.exponentialRampToValueAtTime(0.001, start + TONE_S);
  source.connect(loudness).connect(audio.destination);
  source.start(start);
  source.stop(start + TONE_S);
}

function kept() {
  try {
    return localStorage.getItem(KEPT) === "on";
  } catch {
    return false;
  }
}

/** @param {boolean} isOn */
function keep(isOn) {
  try {
    localStorage.setItem(KEPT, isOn ? "on" : "off");
  } catch {
    // a browser that keeps nothing is silent again the next time
  }
}
