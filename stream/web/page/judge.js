// What a change means: better or worse by the metric's direction, and clear or within the margin.

/** `better`, `worse` or `same`; only what exceeds the margin of error is clear. */
export function verdict(update, metric) {
  const { change, margin } = update;
  if (change === null || change === 0) return { way: "same", clear: false };
  const up = change > 0;
  const way = up === (metric.direction === "higher_is_better") ? "better" : "worse";
  return { way, up, clear: update.status !== "thin" && margin !== null && Math.abs(change) > margin };
}

/** The value that stands for a metric: its default, else its default on the scale used most. */
export function main(updates) {
  const defaults = updates.filter((update) => update.variant === "default");
  const plain = defaults.find((update) => !Object.keys(update.by).length);
  if (plain?.n) return plain;
  const scales = defaults.filter((update) => update.by.scale && update.n);
  return scales.sort((a, b) => b.n - a.n)[0] ?? plain ?? null;
}

const REFRESHED_MS = 6 * 60_000; // a live value is refreshed every 5 minutes

/** What is wrong with a value, in words; empty when nothing is. */
export function trouble(update, metric, now, thinBelow) {
  if (!update || update.status === "no_data" || update.value === null) return "";
  const age = now - Date.parse(update.as_of);
  if (update.status === "stale") return "Stale: input waits";
  if (!update.window.includes(":") && age > REFRESHED_MS) return `Stale: ${Math.round(age / 60_000)} min old`;
  if (update.status === "thin") return thinBelow ? `Thin: below ${thinBelow}` : "Thin";
  return "";
}
