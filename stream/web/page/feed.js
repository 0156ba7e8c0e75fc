// The line to the worker: updates as they come, the values anew whenever it was down, its status.
//
// States: `connecting`, `reading` (the worker answers but has not read all values), `live`, `down`.

const STATUS_EVERY_MS = 2_000;
const READING_MS = 1_000;
const TOO_LONG_MS = 6_000;
const FIRST_WAIT_MS = 1_000;
const LONGEST_WAIT_MS = 15_000;
const HIDDEN_MS = 30_000; // a browser has few connections to one host: a hidden page gives its one back

/** Ask for JSON; throws an Error whose message says what is wrong. */
export async function ask(path, signal) {
  const limit = AbortSignal.timeout(15_000);
  const answer = await fetch(path, { cache: "no-store", signal: signal ? AbortSignal.any([signal, limit]) : limit });
  const body = await answer.json();
  if (!answer.ok) throw new Error(body.error ?? `${answer.status}`);
  return body;
}

export class Feed {
  state = "connecting";
  retryAt = 0;
  #told;
  #query = "";
  #source = null;
  #aborter = null;
  #timer = 0;
  #hiding = 0;
  #failures = 0;
  #missed = 0;
  #held = null; // changes that came before the values

  /**
   * `told` has: values(list), update(one), removed(key), status(status), state(feed), and
   * catalog(catalog), which answers whether the page can go on with it.
   */
  constructor(told) {
    this.#told = told;
    setInterval(() => document.hidden || !this.#source || this.#watch(), STATUS_EVERY_MS);
    document.addEventListener("visibilitychange", () => this.#show());
    addEventListener("online", () => this.retry());
  }

  /** Follow what a query asks for, instead of what was followed before. */
  follow(query) {
    this.#query = query;
    this.#connect();
  }

  /** Try again at once, if there is anything to try. */
  retry() {
    if (this.state === "live") return;
    this.#connect();
  }

  #show() {
    clearTimeout(this.#hiding);
    if (document.hidden) {
      this.#hiding = setTimeout(() => this.#close(), HIDDEN_MS);
    } else {
      if (this.#source) this.#watch();
      else this.#connect();
    }
  }

  /** Ask how the worker does and what it computes, then listen, then ask for the values. */
  async #connect() {
    this.#close();
    this.#aborter = new AbortController();
    const { signal } = this.#aborter;
    const status = await this.#status();
    if (signal.aborted) return;
    if (!status?.caught_up) {
      this.#move(status ? "reading" : "down");
      this.#again(status ? READING_MS : this.#wait());
      return;
    }
    const catalog = await ask("/api/catalog", signal).catch(() => null);
    if (signal.aborted) return;
    if (!catalog) this.#fail();
    else if (this.#told.catalog(catalog)) this.#listen(signal);
  }

  #listen(signal) {
    const source = new EventSource(`/events?${this.#query}`);
    this.#source = source;
    this.#held = [];
    source.onmessage = ({ data }) => this.#take(() => this.#told.update(JSON.parse(data)));
    source.addEventListener("removed", ({ data }) => this.#take(() => this.#told.removed(JSON.parse(data))));
    source.onerror = () => this.#source === source && this.#fail();
    source.onopen = () => this.#load(signal);
  }

  /** Tell a change, but after the values: they may have been read before it, or after it. */
  #take(tell) {
    if (this.#held) this.#held.push(tell);
    else tell();
  }

  async #load(signal) {
    try {
      const values = await ask(`/api/values?${this.#query}`, signal);
      if (signal.aborted) return;
      this.#failures = 0;
      this.#missed = 0;
      this.#told.values(values);
      this.#held.forEach((tell) => tell());
      this.#held = null;
      this.#move("live");
    } catch {
      if (!signal.aborted) this.#fail();
    }
  }

  #close() {
    clearTimeout(this.#timer);
    this.#source?.close();
    this.#aborter?.abort();
    this.#source = null;
  }

  #fail() {
    this.#close();
    this.#move("down");
    this.#again(this.#wait());
  }

  #wait() {
    const wait = Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** this.#failures);
    this.#failures += 1;
    return wait * (0.8 + 0.4 * Math.random());
  }

  #again(wait) {
    this.retryAt = Date.now() + wait;
    this.#timer = setTimeout(() => this.#connect(), wait);
  }

  async #watch() {
    const status = await this.#status();
    this.#missed = status ? 0 : this.#missed + 1;
    if (this.#missed >= 2 && this.state === "live") this.#fail();
  }

  async #status() {
    try {
      const status = await ask("/api/status", AbortSignal.timeout(TOO_LONG_MS));
      this.#told.status(status);
      return status;
    } catch {
      return null;
    }
  }

  #move(state) {
    this.state = state;
    this.#told.state(this);
  }
}
