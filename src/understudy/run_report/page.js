// The page around the timeline: views by the hash of the address, lists, filters and keys.

const byId = (id) => document.getElementById(id);
const SIGNS = {
  passed: "✓", failed: "✗", error: "!", skipped: "–", xfailed: "x", xpassed: "X",
  checked: "✓", parsed: "~", refused: "✗", unchecked: "?",
  ok: "✓", "not-ok": "✗", "cannot-tell": "?",
};
const REASONS = { failed: "Why it failed", error: "The error", skipped: "Why it was skipped" };
const SAID = {
  checked: "PostgreSQL accepts it",
  parsed: "PostgreSQL accepts its syntax, and has checked nothing else",
  refused: "PostgreSQL refuses it",
  unchecked: "PostgreSQL was not asked",
};
const mark = (state) =>
  span(`mark ${state}`, el("span", { "aria-hidden": "true" }, SIGNS[state] ?? "?"), hidden(`${state}: `));
const joined = (parts) => parts.filter(Boolean).join(" · ");
const hasFailed = (test) => test?.outcome === "failed" || test?.outcome === "error";

/** The file and the name in the ID of a test. */
function split(id) {
  const at = id.indexOf("::");
  return at < 0 ? ["", id] : [id.slice(0, at), id.slice(at + 2)];
}

/** Half a character cannot be in an address. */
const clean = (key) => key.replace(/\p{Surrogate}/gu, "\ufffd");
const address = (kind, key) => `#/${kind}/${encodeURIComponent(clean(key))}`;
const link = (kind, key, ...text) => el("a", { href: address(kind, key) }, ...text);

function testLink(index) {
  const test = data.tests[index];
  return [mark(test.outcome ?? ""), " ", link("test", test.key, test.id)];
}

// `one` is the route of an item, `key` its name there; `group` is what the choices by the filter are.
const views = {
  tests: {
    title: "Tests", one: "test", items: data.tests, key: (test) => test.key,
    group: (test) => test.outcome ?? "", text: (test) => `${test.id} ${test.headline ?? ""}`,
    row: testRow, detail: testDetail,
  },
  statements: {
    title: "Statements", one: "statement", items: data.statements, key: ({ id }) => String(id),
    group: ({ verdict }) => verdict, text: ({ sql, places }) => `${sql} ${places.join(" ")}`,
    row: statementRow, detail: statementDetail,
  },
  tables: {
    title: "Tables", one: "table", items: data.tables, key: ({ name }) => name,
    group: () => "", text: ({ name }) => name,
    row: tableRow, detail: tableDetail,
  },
};
const routeOf = (view) => `#/${view ? view.title.toLowerCase() : "summary"}`;

let current = { view: null, item: null, hash: null };

/** Show what the address names. */
function show() {
  if (location.hash === current.hash) return;
  const [, name = "", key = ""] = location.hash.match(/^#\/([a-z]+)(?:\/(.*))?$/) ?? [];
  const view = Object.values(views).find((one) => one.one === name || one === views[name]);
  if (!view && name !== "summary") return leaveTo(firstAddress());
  if (view !== current.view || !view) fillList(view);
  let wanted = key;
  try { wanted = decodeURIComponent(key); } catch { /* a link that somebody cut short */ }
  const item = view && (key ? view.items.find((one) => clean(view.key(one)) === wanted) : view.items[0]);
  const isFirst = current.hash === null;
  current = { view, item, hash: location.hash };
  markCurrent(view, item);
  document.body.dataset.pane = view && !key ? "list" : "detail"; // on a phone there is room for one
  document.body.classList.toggle("no-list", !view);
  const detail = byId("detail");
  detail.replaceChildren(...(view ? itemDetail(view, item, wanted) : summary()).filter(Boolean));
  document.title = `${detail.querySelector("h2").textContent} · Understudy report`;
  detail.scrollTop = 0;
  if (!isFirst) scrollTo(0, 0);
  // A link in a list that has given way to its item has lost the focus.
  if (document.activeElement.checkVisibility?.() === false) detail.focus();
  revealCurrent(byId("list"));
}

function leaveTo(hash) {
  location.replace(hash);
  show(); // the event comes later
}

const firstAddress = () => (hasFailed(data.tests[0]) ? address("test", data.tests[0].key) : "#/summary");

function markCurrent(view, item) {
  const list = byId("list");
  list.querySelector("[aria-current]")?.removeAttribute("aria-current");
  if (item) list.children[view.items.indexOf(item)].firstElementChild.setAttribute("aria-current", "true");
  for (const a of byId("views").children) {
    if (a.hash === routeOf(view)) a.setAttribute("aria-current", "page");
    else a.removeAttribute("aria-current");
  }
}

/** Scroll the list to its current item; `scrollIntoView` would also move where Tab goes on. */
function revealCurrent(list) {
  const item = list.querySelector("[aria-current]")?.parentElement;
  if (!item) return;
  const above = item.offsetTop - list.offsetTop - list.scrollTop;
  if (above < 0) list.scrollTop += above;
  else list.scrollTop += Math.max(0, above + item.offsetHeight - list.clientHeight);
}

function itemDetail(view, item, wanted) {
  const title = view.title.toLowerCase();
  const back = el("p", { class: "back" }, el("a", { href: routeOf(view) }, `All ${title}`));
  if (!item) {
    const text = wanted ? `This run has no ${view.one} ${wanted}.` : `This run has no ${title}.`;
    return [back, el("h2", {}, view.title), el("p", { class: "note" }, text)];
  }
  const at = view.items.indexOf(item);
  const beside = (by, text) => {
    const other = view.items[at + by];
    return other ? link(view.one, view.key(other), text) : null;
  };
  const steps = [back, beside(-1, "Previous"), beside(1, "Next")];
  return [el("nav", { class: "steps", "aria-label": "Previous and next" }, steps), ...view.detail(item)];
}

// The list ----------------------------------------------------------------------------------------

function fillList(view) {
  const items = view?.items ?? [];
  byId("list").replaceChildren(...items.map((item) =>
    el("li", {}, link(view.one, view.key(item), ...view.row(item)))));
  byId("list-title").textContent = view?.title ?? "";
  byId("text").value = "";
  const counts = new Map();
  for (const item of items) counts.set(view.group(item), (counts.get(view.group(item)) ?? 0) + 1);
  const choices = counts.size > 1 ? [["", items.length], ...counts] : [];
  byId("choices").hidden = choices.length === 0;
  byId("choices").replaceChildren(byId("choices").firstElementChild, ...choices.map(choice));
  filterList(view);
}

function choice([name, count]) {
  const radio = el("input", { type: "radio", name: "choice", value: name, checked: name === "" });
  return el("label", {}, radio, el("span", {}, `${name || "all"} ${count.toLocaleString("en")}`));
}

function filterList(view) {
  const words = byId("text").value.toLowerCase().split(/\s+/).filter(Boolean);
  const wanted = document.querySelector("#choices input:checked")?.value ?? "";
  let shown = 0;
  (view?.items ?? []).forEach((item, index) => {
    const text = view.text(item).toLowerCase();
    const fits = (!wanted || view.group(item) === wanted) && words.every((word) => text.includes(word));
    byId("list").children[index].hidden = !fits;
    shown += fits;
  });
  byId("matches").textContent = words.length || wanted ? `${shown} of ${view.items.length} shown` : "";
  byId("matches").classList.toggle("hidden", shown > 0);
}

/** Open the next item of those that the filter leaves, or the previous one. */
function step(by) {
  const links = [...byId("list").querySelectorAll("li:not([hidden]) a")];
  const at = links.findIndex((a) => a.hasAttribute("aria-current"));
  const next = links[at < 0 ? 0 : at + by];
  if (!next) return;
  const isFocused = byId("list").contains(document.activeElement);
  location.hash = next.hash;
  show(); // the event comes later, perhaps after the next key
  if (isFocused) next.focus();
}

// What a list shows of an item --------------------------------------------------------------------

function testRow(test) {
  const [file, name] = split(test.id);
  return [mark(test.outcome ?? ""), span("name", breakable(name)), el("small", {}, tail(file))];
}

function statementRow({ verdict, line, places, tests, mutants, conditions }) {
  const facts = [
    places.length && basename(places[0]), counted(tests.length, "test"),
    mutants?.alive && `${counted(mutants.alive, "mutant")} alive`,
    conditions.length && `${conditions.length} not shown`,
  ];
  return [mark(verdict), span("name mono", line), el("small", {}, joined(facts))];
}

function tableRow({ name, readers, writers }) {
  const facts = `read by ${counted(readers.length, "test")}, written by ${counted(writers.length, "test")}`;
  return [span("name mono", name), el("small", {}, facts)];
}

// What the page shows of an item ------------------------------------------------------------------

function testDetail(test) {
  const [file, name] = split(test.id);
  const facts = [
    test.place || file, `${(test.seconds ?? 0).toFixed(2)} s`,
    test.requests && counted(test.requests, "request"),
    test.statements && counted(test.statements, "statement"),
    test.transactions && counted(test.transactions, "transaction") +
      (test.rolled_back ? ` (${test.rolled_back} rolled back)` : ""),
    test.errors && counted(test.errors, "error"), test.faults && counted(test.faults, "fault"),
    test.isolation && `isolated by ${test.isolation === "clone" ? "a clone" : test.isolation}`,
  ];
  return [
    el("h2", {}, breakable(name), " ", span(`badge ${test.outcome}`, test.outcome)),
    el("p", { class: "meta" }, joined(facts)),
    el("div", { class: "test" }, test.failure ? failure(test) : null, timelineOf(test)),
  ];
}

function timelineOf(test) {
  const events = test.events.map(unpacked);
  const marked = events.filter((event) => event.error || event.fault).map((event) => event.index);
  const opened = new Set(hasFailed(test) ? marked.slice(0, 3) : []);
  const note = (text) => el("p", { class: "note" }, text);
  return el("section", { "aria-labelledby": "timeline" },
    el("h3", { id: "timeline" }, "Timeline"),
    events.length ? timeline(events, opened)
      : note("This test made no request, and sent nothing to a database."),
    test.unseen ? note(`These may not be all of its statements: ${test.unseen}.`) : null,
    test.left_out ? note(`${counted(test.left_out, "further event")} not recorded.`) : null);
}

function failure(test) {
  // The lines of source are dimmed, and the others say what happened there.
  const lines = test.headline.split(/^(> .*\n?)/m).map((part) => part.startsWith("> ") ? span("", part) : part);
  const isWide = matchMedia("(min-width: 1500px), print").matches;
  const whole = el("details", { open: isWide },
    el("summary", {}, "The whole failure"), el("pre", {}, test.failure));
  return el("section", { class: `failure ${test.outcome}`, "aria-labelledby": "why" },
    el("h3", { id: "why" }, REASONS[test.outcome] ?? "What pytest says"),
    el("pre", { class: "headline" }, lines),
    test.failure.trim() === test.headline.trim() ? null : whole, failedAlike(test));
}

/** One cause often fails many tests. */
function failedAlike(test) {
  const isAlike = (other) => hasFailed(other) && other.headline === test.headline && other !== test;
  const alike = data.tests.flatMap((other, index) => (isAlike(other) ? [index] : []));
  if (!hasFailed(test) || alike.length === 0) return null;
  return el("details", {}, el("summary", {}, `${counted(alike.length, "other test")} failed in the same way`),
    listOf(alike, testLink));
}

function section(title, ...content) {
  return el("section", {}, el("h3", {}, title), ...content);
}

/** A list of links: the first twenty, and a button for the others. */
function listOf(items, make, none) {
  if (items.length === 0) return el("p", { class: "dim" }, none);
  const list = el("ul", { class: "links" }, items.slice(0, 20).map((item) => el("li", {}, make(item))));
  if (items.length <= 20) return list;
  const showAll = () => {
    list.append(...items.slice(20).map((item) => el("li", {}, make(item))));
    list.children[20].querySelector("a").focus();
    more.remove();
  };
  const more = el("button", { type: "button", onclick: showAll }, `Show ${items.length - 20} more`);
  return el("div", {}, list, more);
}

function statementDetail(statement) {
  const { verdict, refusal, conditions, tests, places, line, sql } = statement;
  const sent = `sent ${counted(statement.sent, "time")} by ${counted(tests.length, "test")}`;
  const nullable = (column) => (column.nullable == null ? "unknown" : column.nullable ? "yes" : "no");
  const columns = statement.columns.map((one) => [one.name, one.type || "unknown", nullable(one)]);
  const types = statement.parameters.map((type, index) => `$${index + 1} ${type}`).join(", ");
  const tables = (names) =>
    names.length ? names.flatMap((name, index) => [index ? ", " : "", link("table", name, name)]) : ["none"];
  const facts = { Parameters: [types || "none"], Reads: tables(statement.reads), Writes: tables(statement.writes) };
  return [
    el("h2", { class: "mono" }, line),
    el("p", { class: "meta" }, joined([sent, ...(places.length > 3 ? [`from ${places.length} lines`] : places)])),
    el("pre", { class: "sql" }, highlighted(sql)),
    section("What PostgreSQL says",
      el("p", { class: "verdict" }, mark(verdict), SAID[verdict], refusal ? `: ${refusal}` : "."),
      factsOf(facts),
      columns.length ? grid(["Column", "Type", "Can be NULL"], columns) : null),
    conditions.length ? section("What no test showed", plainList(conditions)) : null,
    statement.mutants ? section("Mutants", ...mutantsOf(statement.mutants)) : null,
    places.length > 3 ? section("Lines", plainList(places)) : null,
    section("Tests", listOf(tests, testLink, "No test sent it.")),
  ];
}

const plainList = (texts) => el("ul", {}, texts.map((text) => el("li", {}, text)));
const factsOf = (facts) => el("dl", { class: "facts" },
  Object.entries(facts).flatMap(([name, what]) => [el("dt", {}, name), el("dd", {}, what)]));

function mutantsOf({ killed, alive, mutants }) {
  const rows = mutants.map((mutant) => [
    mutant.status === "Survived" ? span("error", "alive") : mutant.status.toLowerCase(),
    mutant.change, mutant.killed_by.join(", ") || mutant.reason,
  ]);
  const figures = `${killed} of ${killed + alive} that a test could notice are killed.`;
  return [el("p", {}, figures), grid(["Result", "Change", "Test, or reason"], rows)];
}

function tableDetail({ name, reads, readers, writes, writers }) {
  const statement = (id) => el("a", { href: `#/statement/${id}`, class: "mono" }, statements.get(id).line);
  const side = (verb, ids, tests) => section(`${verb} by ${counted(tests.length, "test")}`,
    el("h4", {}, counted(ids.length, "statement")), listOf(ids, statement, "None."),
    el("h4", {}, "Tests"), listOf(tests, testLink, "None."));
  const sides = [side("Written", writes, writers), side("Read", reads, readers)];
  return [el("h2", { class: "mono" }, name), el("div", { class: "sides" }, sides)];
}

function summary() {
  const { run, summary: { outcomes, lines, checklist } } = data;
  const facts = {
    Started: run.started, PostgreSQL: run.postgres == null ? "none" : String(run.postgres),
    Understudy: run.understudy, pytest: run.pytest, Python: run.python,
    Arguments: run.arguments.join(" ") || "none",
  };
  if (run.redacted.length) facts["Hidden columns"] = run.redacted.join(", ");
  const cut = "To keep this file small, only the first 50 tests that failed have rows and the whole failure.";
  return [
    el("h2", {}, "Summary"),
    el("dl", { class: "outcomes" }, Object.entries(outcomes).map(([name, count]) =>
      el("div", { class: name }, el("dt", {}, name), el("dd", {}, count.toLocaleString("en"))))),
    lines.length ? section("Understudy", el("pre", { class: "terminal" }, lines.join("\n"))) : null,
    section("Run", factsOf(facts)),
    data.is_cut ? el("p", { class: "note" }, cut) : null,
    data.review ? section("Review", el("p", { class: "review" }, data.review)) : null,
    ...checklist.map(reviewOf),
  ];
}

function reviewOf({ module, path, tests, covered, items, opinions = [] }) {
  const evidence = (one) => {
    const place = one.line ? `${one.path}:${one.line}` : one.path;
    return el("li", {}, place ? [el("code", {}, place), "  "] : null, one.text);
  };
  const answer = ({ state, text, evidence: found }) => {
    const against = state === "ok" ? [] : found.map(evidence);
    return el("li", {}, mark(state.replace(" ", "-")), text, against.length ? el("ul", {}, against) : null);
  };
  const taste = opinions.map((one) => `${one.text} (${one.evidence.length})`).join(", ");
  const details = el("details", {}, el("summary", {}, `Opinion, not counted: ${taste}`),
    el("ul", { class: "links" }, opinions.flatMap((one) => one.evidence.map(evidence))));
  return section(module,
    el("p", { class: "meta" }, joined([path, counted(tests, "test"), `${Math.round(covered)}% covered`])),
    el("ul", { class: "checklist" }, items.map(answer)),
    opinions.length ? details : null);
}

// Begin -------------------------------------------------------------------------------------------

function title() {
  const counts = Object.entries(data.summary.outcomes).filter(([, count]) => count);
  const texts = counts.map(([name, count]) => {
    const text = `${count.toLocaleString("en")} ${name}${name === "error" && count > 1 ? "s" : ""}`;
    return el(name === "failed" || name === "error" ? "b" : "span", {}, text);
  });
  const listed = texts.length ? texts.flatMap((text, index) => (index ? [", ", text] : [text])) : ["no tests"];
  return [span("brand", "Understudy"), hidden(": "), ...listed, ` in ${data.summary.seconds.toFixed(2)} s`];
}

function onKey(event) {
  const isTyping = event.target.matches?.("input[type=search]");
  if (isTyping && event.key === "Escape") byId("detail").focus();
  if (isTyping || event.ctrlKey || event.metaKey || event.altKey || !byId("shortcuts").checked) return;
  if (event.key === "j") step(1);
  else if (event.key === "k") step(-1);
  else if (event.key === "/" && current.view) {
    event.preventDefault();
    document.body.dataset.pane = "list";
    byId("text").focus();
  }
}

byId("outcome").replaceChildren(...title());
byId("views").append(...[...Object.keys(views), "summary"].map((name) =>
  el("a", { href: `#/${name}` }, name[0].toUpperCase() + name.slice(1))));
byId("filter").addEventListener("input", () => filterList(current.view));
byId("filter").addEventListener("submit", (event) => event.preventDefault());
byId("skip").addEventListener("click", (event) => {
  event.preventDefault();
  byId("detail").focus();
});
addEventListener("hashchange", show);
addEventListener("keydown", onKey);
addEventListener("beforeprint", () => {
  for (const one of byId("detail").querySelectorAll("details")) one.open = true;
});
show();
