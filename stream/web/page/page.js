// The page: what is chosen, what is known of it, and what is said about the line to the worker.

import { Cards, say } from "./cards.js";
import { Feed, ask } from "./feed.js";
import { beforeWords, capital, count, duration, listed, spelled, time, windowWords } from "./format.js";
import { Ranking } from "./ranking.js";
import { SegmentPicker, segmentName } from "./segment.js";
import { Values } from "./values.js";

const find = (id) => document.getElementById(id);
const PREFERRED = "24h";
const PAST = /^(day|week|month|quarter|year):/;
const THEMES = { system: "Theme: system", light: "Theme: light", dark: "Theme: dark" };

const values = new Values();
let catalog, pills, cards, ranking, picker, feed;
let chosen = { window: "", segment: {} };
let status = null;
let loaded = false;
let connected = false; // once the feed has had a catalog
let due = false;

// ---- what is chosen, in the address so that it can be shared

function readAddress() {
  const given = new URLSearchParams(location.hash.slice(1));
  const windows = catalog.windows.map((one) => one.name);
  const named = given.get("window") ?? "";
  const window = windows.includes(named) || PAST.test(named) ? named : windows.includes(PREFERRED) ? PREFERRED : windows[0];
  try {
    const segment = JSON.parse(given.get("segment") ?? "{}");
    const names = Object.keys(segment);
    const there = catalog.groupings.some((one) => one.length === names.length && one.every((name) => typeof segment[name] === "string"));
    return { window, segment: there ? segment : {} };
  } catch {
    return { window, segment: {} };
  }
}

function writeAddress() {
  const named = new URLSearchParams({ window: chosen.window });
  if (Object.keys(chosen.segment).length) named.set("segment", JSON.stringify(chosen.segment));
  history.replaceState(null, "", `#${named}`);
}

function choose(change) {
  chosen = { ...chosen, ...change };
  loaded = false;
  values.clear();
  writeAddress();
  showChoice();
  const names = Object.keys(chosen.segment);
  const grouping = catalog.groupings.find((one) => one.length === names.length && one.every((name) => name in chosen.segment));
  feed.follow(new URLSearchParams({ window: chosen.window, grouping: grouping?.join(",") || "all", ...chosen.segment }));
  render();
}

function showChoice() {
  for (const radio of find("windows").querySelectorAll("input")) radio.checked = radio.value === chosen.window;
  markOther();
  picker.show(chosen.segment);
  ranking.show(chosen.window, chosen.segment);
  say(find("about"), `${segmentName(chosen.segment, catalog.groupings)}, ${windowWords(chosen.window)}`);
}

function markOther() {
  const pick = find("closed-pick");
  pick.value = [...pick.options].some((option) => option.value === chosen.window) ? chosen.window : "";
}

// ---- the controls

/** Pills for the windows that most metrics have; the others, and those that are over, in a list. */
function buildWindows() {
  const share = ({ name }) => catalog.metrics.filter((metric) => metric.windows.includes(name)).length;
  const shared = catalog.windows.filter((one) => 2 * share(one) > catalog.metrics.length);
  pills = (shared.length ? shared : catalog.windows).map((one) => one.name);
  find("windows").append(...pills.map(windowPill));
  buildOthers();
  find("closed-pick").addEventListener("change", ({ target }) => choose({ window: target.value || pills[0] }));
}

function buildOthers() {
  const rest = catalog.windows.map((one) => one.name).filter((name) => !pills.includes(name));
  const pick = find("closed-pick");
  pick.replaceChildren(new Option("choose\u2026", ""), ...windowGroup("Of some metrics", rest), ...windowGroup("Past", catalog.closed_windows));
  find("closed").hidden = pick.options.length < 2;
  markOther();
}

function windowPill(name) {
  const label = document.createElement("label");
  const radio = Object.assign(document.createElement("input"), { type: "radio", name: "window", value: name });
  radio.addEventListener("change", () => choose({ window: name }));
  const words = document.createElement("span");
  words.textContent = name;
  label.title = capital(windowWords(name));
  label.append(radio, words);
  return label;
}

function windowGroup(title, names) {
  if (!names.length) return [];
  const group = Object.assign(document.createElement("optgroup"), { label: title });
  group.append(...names.map((name) => new Option(capital(windowWords(name)), name)));
  return [group];
}

function buildTheme() {
  const button = find("theme");
  const names = Object.keys(THEMES);
  const now = () => document.documentElement.dataset.theme ?? "system";
  const show = () => { say(button, THEMES[now()]); };
  button.addEventListener("click", () => {
    const next = names[(names.indexOf(now()) + 1) % names.length];
    if (next === "system") delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = next;
    try { localStorage.setItem("theme", next); } catch { /* private windows forget it */ }
    show();
  });
  show();
}

// ---- what is shown

function render() {
  if (due) return;
  due = true;
  requestAnimationFrame(() => { due = false; draw(); });
}

function draw() {
  const now = Date.now();
  const seen = feed.state === "down" ? lastAt() : now;
  cards.show(values, { now, seen, catalog, window: chosen.window, compared: ranking.there });
  const judged = cards.verdicts();
  const none = loaded && !judged.length;
  find("metrics").hidden = none || !loaded;
  find("empty").hidden = !none;
  if (none) drawEmpty();
  const words = !loaded ? "Reading the values" : none ? "No values" : lede(judged);
  say(find("lede"), words);
  say(find("asof"), judged.length ? aside(judged) : "");
  document.title = judged.length ? `${words} \u2013 ressenti` : "ressenti";
  drawLink(now);
}

const titles = (judged, way) =>
  judged.filter((one) => one.clear && one.way === way).map((one) => one.title.toLowerCase());

/** Say in one sentence what changed by more than its margin; the bad news alone where there is some. */
function lede(judged) {
  const [worse, better] = [titles(judged, "worse"), titles(judged, "better")];
  const most = (names) => (names.length > 2 ? `${capital(spelled(names.length))} of ${spelled(judged.length)} metrics` : capital(listed(names)));
  if (worse.length) return `${most(worse)} got worse.`;
  if (better.length) return `${most(better)} got better.`;
  if (judged.every(({ update }) => update.change === null)) return `Nothing to compare with ${beforeWords(chosen.window)} yet.`;
  return "Nothing changed beyond its margin of error.";
}

/** Say what stands below that sentence: the good news beside the bad, and when. */
function aside(judged) {
  const [worse, better] = [titles(judged, "worse"), titles(judged, "better")];
  const rest = !better.length ? "" : worse.length ? `${capital(listed(better))} got better. ` : "Nothing got clearly worse. ";
  return `${rest}As of ${time(lastAt())}.`;
}

const lastAt = () => Math.max(0, ...values.all().map((update) => Date.parse(update.as_of)));

function drawEmpty() {
  const part = Object.keys(chosen.segment).length;
  const topics = Object.values(catalog.topics);
  const ready = !status || status.ready;
  say(find("empty-title"), part ? `Nothing of ${segmentName(chosen.segment, catalog.groupings)} in ${windowWords(chosen.window)}` : `Nothing in ${windowWords(chosen.window)} yet`);
  say(find("empty-words"), part ? "The segment has no events in this window, or too few to be shown. Choose another window, or look at all customers."
    : ready ? `Values appear here by themselves, a second after the first events arrive on ${listed(topics)}.`
      : `The worker is not ready: ${status.problems[0]}. Values appear here by themselves once it is.`);
  find("empty-all").hidden = !part || !picker.overall;
}

function drawLink(now) {
  const { state, banner, retry } = linkWords(now);
  const [word, key] = state;
  find("link").dataset.state = key;
  say(find("link-words"), word);
  document.body.dataset.link = key;
  find("banner").hidden = !banner;
  say(find("banner-words"), banner);
  find("banner-retry").hidden = !retry;
}

function linkWords(now) {
  const wait = Math.max(0, Math.ceil((feed.retryAt - now) / 1000));
  const again = wait ? `Trying again in ${wait} s.` : "Trying again.";
  const last = lastAt();
  if (feed.state === "down") {
    const since = last ? `What is shown is from ${time(last)}. ` : "";
    return { state: ["Disconnected", "down"], banner: `The worker does not answer. ${since}${again}`, retry: true };
  }
  if (feed.state === "reading") return { state: ["Reading", "reading"], banner: `The worker is still reading what was published. ${again}` };
  if (feed.state === "connecting") return { state: ["Connecting", "connecting"], banner: "" };
  if (status && !status.ready) {
    const others = status.problems.length > 1 ? `, and ${status.problems.length - 1} more` : "";
    return { state: ["Catching up", "stale"], banner: `This worker is not ready: ${status.problems[0]}${others}.` };
  }
  if (values.all().some((update) => update.status === "stale")) {
    return { state: ["Stale", "stale"], banner: "Input is waiting that is not counted yet: values marked stale are behind." };
  }
  return { state: ["Live", "live"], banner: "" };
}

function showStatus(now) {
  status = now;
  const { dead = 0, late = 0, future = 0 } = now.events;
  say(find("stream-rate"), now.events_per_second === null ? "\u2013" : count(Math.round(now.events_per_second)));
  say(find("stream-lag"), count(now.lag_records));
  say(find("stream-behind"), duration(Math.max(0, now.watermark_lag_seconds)));
  say(find("stream-late"), count(late));
  say(find("stream-dead"), count(dead + late + future));
  find("stream-dead").title = `${count(dead)} that cannot be read, ${count(late)} late, ${count(future)} from the future`;
  say(find("version"), `ressenti ${now.version}`);
  render();
}

// ---- beginning

const aloud = (words) => say(find("aloud"), words);
const gist = () => `${find("about").textContent}. ${find("lede").textContent}`;
let told = "connecting";

function showState() {
  const { state } = feed;
  ranking.live = state === "live";
  if (ranking.live) showLive();
  else if (state !== told) aloud(state === "down" ? "Disconnected from the worker." : "The worker is still reading.");
  told = state;
  render();
}

function showLive() {
  loaded = true;
  draw();
  aloud(told === "down" || told === "reading" ? `Connected again. ${gist()}` : gist());
  ranking.refresh();
}

/** What the page is built from: all of a catalog but the windows that are over, for days end. */
const form = (one) => JSON.stringify({ ...one, closed_windows: [] });

/** Take the catalog of a worker that is connected to; false where the page loads anew to fit it. */
function takeCatalog(now) {
  // not at the first connection: workers that differ, behind one address, would have it load for ever
  if (connected && form(now) !== form(catalog)) {
    location.reload();
    return false;
  }
  connected = true;
  catalog.closed_windows = now.closed_windows; // the worker may have read them only now
  buildOthers();
  return true;
}

async function begin() {
  buildTheme();
  catalog = await firstCatalog();
  picker = new SegmentPicker(catalog, (segment) => choose({ segment }));
  ranking = new Ranking(catalog, (segment) => { choose({ segment }); scrollTo({ top: 0 }); });
  cards = new Cards(find("metrics"), catalog.metrics, (metric) => ranking.pick(metric));
  feed = new Feed({
    catalog: takeCatalog,
    values: (list) => values.replace(list),
    update: (update) => { values.put(update); render(); },
    removed: (key) => { values.remove(key); render(); },
    status: showStatus,
    state: showState,
  });
  buildWindows();
  find("pick").addEventListener("submit", (event) => event.preventDefault());
  find("banner-retry").addEventListener("click", () => feed.retry());
  find("empty-all").addEventListener("click", () => choose({ segment: {} }));
  addEventListener("hashchange", () => choose(readAddress()));
  setInterval(() => document.hidden || render(), 1_000);
  choose(readAddress());
}

/** The catalog, asked for until it is there. */
async function firstCatalog() {
  for (let wait = 1_000; ; wait = Math.min(2 * wait, 10_000)) {
    try {
      return await ask("/api/catalog");
    } catch (error) {
      find("banner").hidden = false;
      say(find("banner-words"), `Not connected yet: ${error.message}. Trying again.`);
      await new Promise((resolve) => setTimeout(resolve, wait));
    }
  }
}

begin();
