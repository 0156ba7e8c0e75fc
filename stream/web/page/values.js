// The values that are shown: the newest update of each key, and what was seen of it before.

const KEPT = 180; // points of a line
const SPAN_MS = 15 * 60_000;
const LINES = 600; // keys whose past is kept

const ordered = (names) => Object.fromEntries(Object.entries(names).sort(([a], [b]) => (a < b ? -1 : 1)));
const keyOf = ([metric, variant, window, segment, by]) =>
  JSON.stringify([metric, variant, window, ordered(segment), ordered(by)]);

export class Values {
  #newest = new Map();
  #lines = new Map();

  /** Take an update unless a newer one is known. */
  put(update) {
    const key = keyOf([update.metric, update.variant, update.window, update.segment, update.by]);
    const known = this.#newest.get(key);
    if (known && (known.revision > update.revision
      || (known.revision === update.revision && known.window_end > update.window_end))) return;
    this.#newest.set(key, update);
    this.#note(key, update);
  }

  remove(parts) {
    this.#newest.delete(keyOf(parts));
  }

  /** Make these all that is known. */
  replace(updates) {
    this.clear();
    for (const update of updates) this.put(update);
  }

  clear() {
    this.#newest.clear();
  }

  /** The updates of one metric. */
  of(metric) {
    return [...this.#newest.values()].filter((update) => update.metric === metric);
  }

  all() {
    return [...this.#newest.values()];
  }

  /** What was seen of an update's key: `[at, value, low, high]`, oldest first. */
  line(update) {
    return this.#lines.get(keyOf([update.metric, update.variant, update.window, update.segment, update.by])) ?? [];
  }

  #note(key, update) {
    const line = this.#lines.get(key) ?? [];
    this.#lines.delete(key); // the order of the map is that of use
    this.#lines.set(key, line);
    const at = Date.parse(update.as_of);
    const last = line.at(-1);
    if (!last || at > last[0]) line.push([at, update.value, update.low, update.high]);
    while (line.length > KEPT || (line.length > 2 && at - line[1][0] > SPAN_MS)) line.shift();
    if (this.#lines.size > LINES) this.#lines.delete(this.#lines.keys().next().value);
  }
}
