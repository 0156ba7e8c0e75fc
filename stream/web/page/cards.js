// A card for each metric: its value, how sure it is, how it changed, and its line.

import { change, margin, samples, value, valueName, beforeWords, capital } from "./format.js";
import { main, trouble, verdict } from "./judge.js";
import { draw, line } from "./line.js";

const ARROWS = { true: "\u25b2", false: "\u25bc" };

const element = (name, className, text = "") => {
  const node = document.createElement(name);
  if (className) node.className = className;
  node.textContent = text;
  return node;
};

/** Set text only where it differs, so that nothing flickers and no selection is lost. */
export const say = (node, text) => {
  if (node.textContent !== text) node.textContent = text;
};

class Card {
  constructor(metric, choose) {
    this.metric = metric;
    this.node = element("article", "card");
    this.node.dataset.metric = metric.name;
    this.title = element("h2", "", metric.title);
    this.note = element("p", "note");
    this.value = element("span", "value", "\u2013");
    this.margin = element("span", "margin");
    this.change = element("p", "change");
    this.drawing = line();
    this.samples = element("span", "samples");
    this.more = element("details", "further");
    this.further = element("dl");
    this.compare = element("button", "compare", "Compare segments");
    this.#build(choose);
  }

  #build(choose) {
    const head = element("header");
    head.append(this.title, this.note);
    const figure = element("p", "figure");
    figure.append(this.value, " ", this.margin);
    const foot = element("p", "foot");
    foot.append(this.samples, this.compare);
    const summary = element("summary", "", "More");
    this.compare.type = "button";
    this.compare.setAttribute("aria-label", `Compare segments by ${this.metric.title}`);
    this.compare.addEventListener("click", () => choose(this.metric.name));
    this.more.append(summary, this.further);
    this.node.append(head, figure, this.change, this.drawing, foot, this.more);
  }

  show(updates, values, { now, seen, catalog, compared }) {
    const { metric } = this;
    const update = main(updates);
    this.update = update;
    const none = !update || update.value === null;
    this.node.dataset.status = update?.status ?? "unknown";
    this.#figure(update, none);
    this.#change(update, none);
    say(this.note, none ? "" : trouble(update, metric, now, catalog.thin_below));
    this.note.hidden = !this.note.textContent;
    const goal = update?.target ?? null;
    const target = goal === null ? "" : `, target ${value(goal, update.unit)}`;
    say(this.samples, none ? target.slice(2) : this.#samples(update) + target);
    draw(this.drawing, update ? values.line(update) : [], seen, goal);
    this.#further(updates.filter((one) => one !== update && one.value !== null));
    this.compare.hidden = !compared;
  }

  #samples(update) {
    const scale = update.by.scale ? `, ${valueName(update).toLowerCase()}` : "";
    return update.unit === "users" ? "distinct customers" : samples(update.n, this.metric) + scale;
  }

  #figure(update, none) {
    const text = none ? "\u2013" : value(update.value, update.unit);
    const changed = this.value.textContent !== text && this.shown === `${update?.window}`;
    say(this.value, text);
    say(this.margin, none ? "" : margin(update.margin, update.unit));
    this.shown = `${update?.window}`;
    if (changed) {
      this.value.classList.remove("fresh");
      void this.value.getBoundingClientRect(); // starts the fade anew
      this.value.classList.add("fresh");
    }
  }

  #change(update, none) {
    if (none || update.change === null) {
      this.change.dataset.way = "same";
      say(this.change, update && none ? "No data in this window" : none ? "No value yet" : `Nothing to compare with ${beforeWords(update.window)}`);
      return;
    }
    const { way, up, clear } = verdict(update, this.metric);
    const size = change(update.change, update.unit);
    const still = size === "no change";
    this.change.dataset.way = still || !clear ? "same" : way;
    const judged = still ? "" : clear ? `, ${way}` : update.margin === null ? "" : ", within the margin";
    say(this.change, `${still ? "" : `${ARROWS[up]} `}${still ? capital(size) : size} on ${beforeWords(update.window)}${judged}`);
  }

  #further(updates) {
    this.more.hidden = !updates.length;
    const order = (update) => `${update.variant} ${JSON.stringify(update.by)}`;
    const rows = updates.sort((a, b) => (order(a) < order(b) ? -1 : 1));
    while (this.further.children.length > rows.length) this.further.lastChild.remove();
    rows.forEach((update, place) => {
      let row = this.further.children[place];
      if (!row) {
        row = element("div");
        row.append(element("dt"), element("dd"));
        this.further.append(row);
      }
      say(row.children[0], valueName(update));
      say(row.children[1], `${value(update.value, update.unit)} ${margin(update.margin, update.unit)}`.trim());
    });
  }
}

export class Cards {
  constructor(place, metrics, choose) {
    this.cards = metrics.map((metric) => new Card(metric, choose));
    place.replaceChildren(...this.cards.map((card) => card.node));
  }

  /** Show what is known; cards whose metric has not this window are hidden. */
  show(values, view) {
    for (const card of this.cards) {
      card.node.hidden = !view.window.includes(":") && !card.metric.windows.includes(view.window);
      if (!card.node.hidden) card.show(values.of(card.metric.name), values, view);
    }
  }

  /** The value and verdict of each card that has one. */
  verdicts() {
    return this.cards
      .filter((card) => !card.node.hidden && card.update && card.update.value !== null)
      .map((card) => ({ title: card.metric.title, update: card.update, ...verdict(card.update, card.metric) }));
  }
}
