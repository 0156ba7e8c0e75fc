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

  /** `told` has: values(list), update(one), removed(key), status(status), state(feed). */
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

  /** Ask how the worker does, then listen, then ask for the values: in this order nothing is missed. */
  async #connect() {
    this.#close();
    const aborter = new AbortController();
    this.#aborter = aborter;
    const status = await this.#status();
    if (aborter.signal.aborted) return;
    if (!status?.caught_up) {
      this.#move(status ? "reading" : "down");
      this.#again(status ? READING_MS : this.#wait());
      return;
    }
    const source = new EventSource(`/events?${this.#query}`);
    this.#source = source;
    source.onmessage = (event) => this.#told.update(JSON.parse(event.data));
    source.addEventListener("removed", (event) => this.#told.removed(JSON.parse(event.data)));
    source.onerror = () => this.#source === source && this.#fail();
    source.onopen = () => this.#load(aborter.signal);
  }

  async #load(signal) {
    try {
      const values = await ask(`/api/values?${this.#query}`, signal);
      if (signal.aborted) return;
      this.#failures = 0;
      this.#missed = 0;
      this.#told.values(values);
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
