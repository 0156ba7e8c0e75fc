// The choice of a segment: a text field with a list that the worker searches, so that ten thousand
// segments are as quick as ten.

import { ask } from "./feed.js";
import { count } from "./format.js";

const PAUSE_MS = 120;
const LISTED = 50;
export const ALL = "All customers";

/** A segment's name, its values in the order of its grouping: `fr · web`. */
export function segmentName(segment, groupings) {
  const names = Object.keys(segment);
  if (!names.length) return ALL;
  const order = groupings.find((one) => one.length === names.length && one.every((name) => name in segment)) ?? names;
  return order.map((name) => segment[name]).join(" \u00b7 ");
}

export class SegmentPicker {
  #options = [];
  #active = -1;
  #asked = 0;
  #timer = 0;

  constructor(catalog, choose) {
    const find = (id) => document.getElementById(id);
    [this.input, this.drop, this.list, this.hint, this.clear] =
      ["segment", "segment-drop", "segment-list", "segment-hint", "segment-clear"].map(find);
    this.catalog = catalog;
    this.choose = choose;
    this.overall = catalog.groupings.some((one) => !one.length);
    this.#listen();
  }

  show(segment) {
    this.segment = segment;
    this.input.value = segmentName(segment, this.catalog.groupings);
    this.clear.hidden = !this.overall || !Object.keys(segment).length;
  }

  #listen() {
    const { input, list, drop } = this;
    input.addEventListener("focus", () => { input.select(); this.#open(""); });
    input.addEventListener("click", () => drop.hidden && this.#open(""));
    input.addEventListener("input", () => this.#open(input.value));
    input.addEventListener("blur", () => { this.#close(); this.show(this.segment); });
    input.addEventListener("keydown", (event) => this.#key(event));
    drop.addEventListener("pointerdown", (event) => event.preventDefault()); // keep the focus
    list.addEventListener("click", (event) => {
      const option = event.target.closest("[role=option]");
      if (option) this.#take(Number(option.dataset.place));
    });
    this.clear.addEventListener("click", () => this.choose({}));
    document.addEventListener("keydown", (event) => {
      const typing = event.target.closest?.("input[type=text], select, textarea");
      if (event.key === "/" && !typing && !event.ctrlKey && !event.metaKey) {
        event.preventDefault();
        input.focus();
      }
    });
  }

  #key(event) {
    const last = this.#options.length - 1;
    const moves = { ArrowDown: this.#active + 1, ArrowUp: this.#active - 1, PageDown: this.#active + 10, PageUp: this.#active - 10 };
    if (event.key in moves) {
      event.preventDefault();
      if (this.drop.hidden) this.#open("");
      else this.#activate(Math.max(0, Math.min(last, moves[event.key])));
    } else if (event.key === "Enter") {
      event.preventDefault();
      if (this.#active >= 0) this.#take(this.#active);
    } else if (event.key === "Escape") {
      this.show(this.segment);
      if (this.drop.hidden) this.input.blur();
      this.#close();
    }
  }

  #open(words) {
    this.drop.hidden = false;
    this.input.setAttribute("aria-expanded", "true");
    clearTimeout(this.#timer);
    if (!this.#options.length) this.hint.textContent = "Searching\u2026";
    this.#timer = setTimeout(() => this.#search(words.trim()), words ? PAUSE_MS : 0);
  }

  #close() {
    this.drop.hidden = true;
    this.input.setAttribute("aria-expanded", "false");
    this.input.removeAttribute("aria-activedescendant");
    clearTimeout(this.#timer);
    this.#asked += 1;
  }

  async #search(words) {
    const asked = ++this.#asked;
    try {
      const found = await ask(`/api/segments?${new URLSearchParams({ search: words, limit: LISTED })}`);
      if (asked === this.#asked) this.#fill(found, words);
    } catch (error) {
      if (asked === this.#asked) this.hint.textContent = `No list: ${error.message}`;
    }
  }

  #fill({ matching, rows }, words) {
    this.#options = rows;
    this.list.replaceChildren(...rows.map((segment, place) => this.#option(segment, place)));
    const more = matching > rows.length;
    this.hint.textContent = !matching ? `No segment has \u201c${words}\u201d in its name`
      : more ? `${count(rows.length)} of ${count(matching)}: type to narrow them down` : `${count(matching)} segments`;
    this.#activate(words && rows.length ? 0 : this.#place());
  }

  #place() {
    const shown = JSON.stringify(Object.entries(this.segment).sort());
    return this.#options.findIndex((one) => JSON.stringify(Object.entries(one).sort()) === shown);
  }

  #option(segment, place) {
    const option = document.createElement("li");
    option.id = `segment-${place}`;
    option.role = "option";
    option.dataset.place = place;
    option.ariaSelected = "false";
    option.textContent = segmentName(segment, this.catalog.groupings);
    const names = document.createElement("span");
    names.textContent = Object.keys(segment).join(", ");
    option.append(" ", names);
    return option;
  }

  #activate(place) {
    this.list.children[this.#active]?.setAttribute("aria-selected", "false");
    this.#active = place;
    const option = this.list.children[place];
    if (!option) return this.input.removeAttribute("aria-activedescendant");
    option.setAttribute("aria-selected", "true");
    this.input.setAttribute("aria-activedescendant", option.id);
    option.scrollIntoView({ block: "nearest" });
  }

  #take(place) {
    const segment = this.#options[place];
    this.#close();
    this.choose(segment);
    this.input.select();
  }
}
