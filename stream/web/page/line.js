// A line of the values seen, over the band of their 95 % intervals.

const SVG = "http://www.w3.org/2000/svg";
const [WIDTH, HEIGHT, EDGE] = [300, 56, 4];
const LEAST_MS = 20_000;

const make = (name, names) => {
  const node = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(names)) node.setAttribute(key, value);
  return node;
};

/** An empty drawing for `draw`. */
export function line() {
  const drawing = make("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: "none", class: "line", "aria-hidden": "true" });
  drawing.append(make("path", { class: "band" }), make("path", { class: "goal" }), make("path", { class: "stroke" }));
  return drawing;
}

/** Draw points `[at, value, low, high]` up to now, and a goal where it is in sight. */
export function draw(drawing, points, now, goal) {
  const [band, mark, stroke] = drawing.children;
  const known = points.filter(([, value]) => value !== null);
  if (!known.length) {
    for (const path of [band, mark, stroke]) path.setAttribute("d", "");
    return;
  }
  const { x, y, inSight } = scales(points, known, now);
  band.setAttribute("d", area(points, now, x, y));
  stroke.setAttribute("d", steps(points, now, x, y));
  mark.setAttribute("d", goal !== null && inSight(goal) ? `M0 ${y(goal)}H${WIDTH}` : "");
}

function scales(points, known, now) {
  const start = Math.min(points[0][0], now - LEAST_MS);
  const values = known.flatMap(([, value, low, high]) => [value, low ?? value, high ?? value]);
  let [least, most] = [Math.min(...values), Math.max(...values)];
  const room = Math.max((most - least) * 0.12, Math.abs(most) * 0.02, 1e-9);
  [least, most] = [least - room, most + room];
  return {
    x: (at) => round((WIDTH * (at - start)) / Math.max(1, now - start)),
    y: (value) => round(EDGE + ((HEIGHT - 2 * EDGE) * (most - value)) / (most - least)),
    inSight: (value) => value >= least && value <= most,
  };
}

const round = (number) => Math.round(number * 100) / 100;
const until = (points, place, now) => points[place + 1]?.[0] ?? now;

function steps(points, now, x, y) {
  let path = "";
  points.forEach(([at, value], place) => {
    if (value === null) return;
    const gap = place === 0 || points[place - 1][1] === null;
    path += `${gap ? `M${x(at)} ` : "V"}${y(value)}H${x(until(points, place, now))}`;
  });
  return path;
}

function area(points, now, x, y) {
  let path = "";
  points.forEach(([at, value, low, high], place) => {
    if (value === null || low === null) return;
    path += `M${x(at)} ${y(low)}V${y(high)}H${x(until(points, place, now))}V${y(low)}Z`;
  });
  return path;
}

/** A value and its interval on a scale from `least` to `most`. */
export function interval(update, least, most) {
  const drawing = make("svg", { viewBox: "0 0 200 16", preserveAspectRatio: "none", class: "interval", "aria-hidden": "true" });
  const at = (value) => round(4 + (192 * (value - least)) / Math.max(1e-9, most - least));
  drawing.append(make("path", { class: "axis", d: "M0 8H200" }));
  if (update.low !== null) drawing.append(make("path", { class: "whisker", d: `M${at(update.low)} 8H${at(update.high)}` }));
  drawing.append(make("path", { class: "point", d: `M${at(update.value)} 8h0` }));
  return drawing;
}
