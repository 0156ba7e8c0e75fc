// The segments of one grouping, the worst first; the worker ranks them, some rows are shown.

import { say } from "./cards.js";
import { ask } from "./feed.js";
import { capital, change, count, margin, value } from "./format.js";
import { verdict } from "./judge.js";
import { interval } from "./line.js";
import { segmentName } from "./segment.js";

const EVERY_MS = 5_000;
const STEP = 10;
const MOST = 200;
const ARROWS = { true: "\u25b2 ", false: "\u25bc " };

export class Ranking {
  limit = STEP;
  live = false; // whether the worker can be asked
  #asked = 0;
  #inSight = false;

  constructor(catalog, choose) {
    const find = (name) => document.getElementById(name ? `ranking-${name}` : "ranking");
    this.place = find("");
    [this.metric, this.grouping, this.order, this.rows, this.count, this.more, this.title] =
      ["metric", "grouping", "order", "rows", "count", "more", "title"].map(find);
    this.catalog = catalog;
    this.choose = choose;
    this.groupings = catalog.groupings.filter((one) => one.length);
    this.#fillChoices();
    this.#listen();
  }

  get there() {
    return this.groupings.length > 0;
  }

  #fillChoices() {
    const option = (text, name) => new Option(text, name);
    this.grouping.replaceChildren(...this.groupings.map((one) => option(one.join(" and "), one.join(","))));
    this.metric.replaceChildren(...this.catalog.metrics.map((one) => option(one.title, one.name)));
  }

  #listen() {
    for (const choice of [this.metric, this.grouping, this.order]) {
      choice.addEventListener("change", () => { this.limit = STEP; this.refresh(); });
    }
    this.more.addEventListener("click", () => { this.limit = Math.min(MOST, this.limit * 4); this.refresh(); });
    this.rows.addEventListener("click", (event) => {
      const row = event.target.closest("button")?.closest("tr");
      if (row) this.choose(JSON.parse(row.dataset.segment));
    });
    new IntersectionObserver(([entry]) => {
      this.#inSight = entry.isIntersecting;
      if (this.#inSight) this.refresh();
    }).observe(this.place);
    setInterval(() => this.#inSight && !document.hidden && this.refresh(), EVERY_MS);
  }

  show(window, segment) {
    this.window = window;
    this.segment = segment;
    this.place.hidden = !this.there;
    const offered = (metric) => window.includes(":") || metric.windows.includes(window);
    for (const option of this.metric.options) {
      option.disabled = !offered(this.catalog.metrics.find((metric) => metric.name === option.value));
    }
    if (this.metric.selectedOptions[0]?.disabled) {
      this.metric.value = [...this.metric.options].find((option) => !option.disabled)?.value ?? "";
    }
    this.refresh();
  }

  pick(metric) {
    this.metric.value = metric;
    this.limit = STEP;
    this.refresh();
    this.place.scrollIntoView({ block: "start" });
    this.metric.focus({ preventScroll: true });
  }

  async refresh() {
    if (!this.there || !this.live || !this.metric.value || !this.window) return;
    const asked = ++this.#asked;
    const query = new URLSearchParams({
      metric: this.metric.value, window: this.window, grouping: this.grouping.value,
      order: this.order.value, limit: this.limit,
    });
    try {
      const found = await ask(`/api/ranking?${query}`);
      if (asked === this.#asked) this.#fill(found);
    } catch {
      // the banner says what is wrong; the rows stay as they were
    }
  }

  #fill({ segments, rows }) {
    const metric = this.catalog.metrics.find((one) => one.name === this.metric.value);
    const ends = rows.flatMap((one) => [one.low ?? one.value, one.high ?? one.value]);
    const [least, most] = [Math.min(...ends), Math.max(...ends)];
    while (this.rows.children.length > rows.length) this.rows.lastChild.remove();
    rows.forEach((update, place) => {
      const row = this.rows.children[place] ?? this.rows.appendChild(this.#row());
      this.#fillRow(row, update, metric);
      row.cells[2].replaceChildren(interval(update, least, most));
    });
    const shown = rows.length < segments ? `${count(rows.length)} of ${count(segments)} segments` : `${count(segments)} segments`;
    say(this.count, segments ? `${shown}, those with few samples last` : `No segment by ${this.grouping.selectedOptions[0].text} has data in this window`);
    this.more.hidden = rows.length >= Math.min(segments, MOST);
  }

  #row() {
    const row = document.createElement("tr");
    const head = document.createElement("th");
    head.scope = "row";
    const button = document.createElement("button");
    button.type = "button";
    head.append(button);
    row.append(head);
    for (const name of ["number", "wide", "number", "number"]) {
      row.insertCell().className = name;
    }
    return row;
  }

  #fillRow(row, update, metric) {
    const { way, up, clear } = verdict(update, metric);
    const name = segmentName(update.segment, this.catalog.groupings);
    row.dataset.segment = JSON.stringify(update.segment);
    row.dataset.status = update.status;
    row.toggleAttribute("data-shown", name === segmentName(this.segment, this.catalog.groupings));
    say(row.cells[0].firstChild, name);
    this.#sayValue(row.cells[1], update);
    const size = change(update.change, update.unit);
    row.cells[3].dataset.way = clear ? way : "same";
    say(row.cells[3], size === "no change" || !size ? size || "\u2013" : `${ARROWS[up]}${size}`);
    row.cells[3].title = clear ? `${capital(way)} by more than the margin` : "";
    say(row.cells[4], update.status === "ok" ? count(update.n) : `${count(update.n)} ${update.status}`);
  }

  #sayValue(cell, update) {
    if (!cell.firstChild) cell.append(document.createElement("span"), " ", document.createElement("small"));
    say(cell.firstChild, value(update.value, update.unit));
    say(cell.lastChild, margin(update.margin, update.unit));
  }
}
