// Numbers, times and names for people. Everything here is pure.

const MINUS = "\u2212";
const NOTHING = "\u2013";
const whole = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });
const tenth = new Intl.NumberFormat("en", { minimumFractionDigits: 1, maximumFractionDigits: 1 });
const hundredth = new Intl.NumberFormat("en", { minimumFractionDigits: 2, maximumFractionDigits: 2 });
const clock = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", second: "2-digit" });

const signed = (text) => text.replace("-", MINUS);
export const count = (n) => (n === null || n === undefined ? NOTHING : whole.format(n));
export const time = (at) => clock.format(new Date(at));

/** A length of time given in seconds: `48 s`, `3 min 40 s`, `2.4 h`. */
export function duration(seconds) {
  const length = Math.abs(seconds);
  const sign = seconds < 0 ? MINUS : "";
  if (length < 9.95) return `${sign}${tenth.format(length)} s`;
  if (length < 59.5) return `${sign}${whole.format(length)} s`;
  if (length < 3570) {
    const rounded = Math.round(length);
    const [minutes, rest] = [Math.floor(rounded / 60), rounded % 60];
    return `${sign}${minutes} min${rest ? ` ${String(rest).padStart(2, "0")} s` : ""}`;
  }
  return length < 172800 ? `${sign}${tenth.format(length / 3600)} h` : `${sign}${tenth.format(length / 86400)} d`;
}

const UNITS = {
  ratio: { value: (x) => `${tenth.format(100 * x)} %`, gap: (x) => tenth.format(100 * x), name: " pts" },
  score: { value: (x) => tenth.format(x), gap: (x) => tenth.format(x), name: "" },
  points: { value: (x) => hundredth.format(x), gap: (x) => hundredth.format(x), name: "" },
  seconds: { value: duration, gap: duration, name: "" },
};
const PLAIN = {
  value: (x) => (Number.isInteger(x) ? whole : tenth).format(x),
  gap: (x) => (Number.isInteger(x) ? whole : tenth).format(x),
  name: "",
};
const unitOf = (unit) => UNITS[unit] ?? PLAIN;

export const value = (x, unit) => (x === null ? NOTHING : signed(unitOf(unit).value(x)));
export const margin = (x, unit) => (x === null ? "" : `\u00b1\u202f${unitOf(unit).gap(x)}`);

/** A change with its sign and unit: `+3.5`, `−1.2 pts`; `no change` for what rounds to nothing. */
export function change(x, unit) {
  if (x === null) return "";
  const { gap, name } = unitOf(unit);
  const size = gap(Math.abs(x));
  if (!/[1-9]/.test(size)) return "no change";
  return `${x < 0 ? MINUS : "+"}${size}${name}`;
}

const ONES = { s: "second", m: "minute", h: "hour", d: "day" };
const CALENDAR = { today: "today", week: "this week", month: "this month", quarter: "this quarter", year: "this year" };
const BEFORE = {
  today: "yesterday until now", week: "last week until now", month: "last month until now",
  quarter: "last quarter until now", year: "last year until now",
};

/** A window's name in words: `the last 24 hours`, `today`, `week 2026-W47`. */
export function windowWords(name) {
  if (CALENDAR[name]) return CALENDAR[name];
  const rolling = /^(\d+)([smhd])$/.exec(name);
  if (!rolling) return name.replace(":", " ");
  const [, length, unit] = rolling;
  return length === "1" ? `the last ${ONES[unit]}` : `the last ${length} ${ONES[unit]}s`;
}

/** What a window is compared with, in words. */
export function beforeWords(name) {
  if (BEFORE[name]) return BEFORE[name];
  if (name.includes(":")) return `the ${name.split(":")[0]} before`;
  return windowWords(name).replace("the last ", "the ").replace(/$/, " before");
}

export const capital = (text) => text.charAt(0).toUpperCase() + text.slice(1);
export const listed = (names) =>
  names.length < 2 ? names.join("") : `${names.slice(0, -1).join(", ")} and ${names.at(-1)}`;
const SPELLED = ["no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"];
export const spelled = (n) => SPELLED[n] ?? count(n);
const spaced = (name) => name.replaceAll("_", " ");
const QUANTILES = { "0.5": "Median", "0.9": "90 % are below", "0.95": "95 % are below", "0.99": "99 % are below" };

/** What a value beside the default one is, in words. */
export function valueName(update) {
  const { variant, by } = update;
  if (by.quantile) return QUANTILES[by.quantile] ?? `Quantile ${by.quantile}`;
  const split = Object.entries(by).map(([name, one]) => (name === "scale" ? `scale ${one}` : spaced(one)));
  const name = variant === "default" ? "" : spaced(variant);
  return capital([name, ...split].filter(Boolean).join(", ") || "Total");
}

const SAMPLES = { survey_answers: "answer", ticket_closures: "ticket" };

/** How many samples a value has, in words. */
export function samples(n, metric) {
  const one = (metric.inputs.length === 1 && SAMPLES[metric.inputs[0]]) || "sample";
  return `${count(n)} ${one}${n === 1 ? "" : "s"}`;
}
