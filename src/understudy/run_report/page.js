// The page around the timeline: views by the hash of the address, lists, filters and keys.

const byId = (id) => document.getElementById(id);
const MARKS = { passed: "✓", failed: "✗", error: "!", skipped: "–", xfailed: "x", xpassed: "X" };
const VERDICTS = { checked: "✓", parsed: "~", refused: "✗", unchecked: "?" };
const REASONS = { failed: "Why it failed", error: "The error", skipped: "Why it was skipped" };
const mark = (state, signs) =>
  el("span", { class: `mark ${state}` }, el("span", { "aria-hidden": "true" }, signs[state] ?? "?"), hidden(`${state}: `));
const joined = (parts) => parts.filter(Boolean).join(" · ");
const split = (id) => { const at = id.indexOf("::"); return at < 0 ? ["", id] : [id.slice(0, at), id.slice(at + 2)]; };
const testLink = (index) => link("test", data.tests[index].key, data.tests[index].id);
const link = (kind, key, ...text) => el("a", { href: address(kind, key) }, ...text);
const address = (kind, key) => `#/${kind}/${encodeURIComponent(clean(key))}`;
const clean = (key) => key.replace(/\p{Surrogate}/gu, "\ufffd"); // half a character cannot be in an address

// `one` is the route of an item, `key` its name there, `group` what the choices beside the filter are.
const views = {
  tests: {
    title: "Tests", one: "test", items: data.tests, key: (test) => test.key, group: (test) => test.outcome ?? "",
    text: (test) => `${test.id} ${test.headline ?? ""}`, row: testRow, detail: testDetail,
  },
  statements: {
    title: "Statements", one: "statement", items: data.statements, key: (one) => String(one.id), group: (one) => one.verdict,
    text: (one) => `${one.sql} ${one.places.join(" ")}`, row: statementRow, detail: statementDetail,
  },
  tables: {
    title: "Tables", one: "table", items: data.tables, key: (table) => table.name, group: () => "",
    text: (table) => table.name, row: tableRow, detail: tableDetail,
  },
};

let current = { view: null, item: null, hash: null };

function show() {
  if (location.hash === current.hash) return;
  const [, name = "", key = ""] = location.hash.match(/^#\/([a-z]+)(?:\/(.*))?$/) ?? [];
  const view = Object.values(views).find((one, _, all) => one.one === name || one === views[name]);
  if (!view && name !== "summary") return leaveTo(firstAddress());
  if (view !== current.view || !view) fillList(view);
  let wanted = key;
  try { wanted = decodeURIComponent(key); } catch { /* a link that somebody cut short */ }
  const item = view && (key ? view.items.find((one) => clean(view.key(one)) === wanted) : view.items[0]);
  current = { view, item, hash: location.hash };
  document.body.dataset.pane = view && !key ? "list" : "detail";
  document.body.classList.toggle("no-list", !view);
  for (const a of byId("views").children) setCurrent(a, "page", a.hash === (view ? `#/${view.title.toLowerCase()}` : "#/summary"));
  setCurrent(byId("list").querySelector("[aria-current]"), "true", false);
  setCurrent(item && byId("list").children[view.items.indexOf(item)].firstElementChild, "true", true);
  const detail = byId("detail");
  detail.replaceChildren(...(view ? itemDetail(view, item, wanted) : summary()).filter(Boolean));
  detail.scrollTop = 0;
  document.title = `${detail.querySelector("h2").textContent} · Understudy report`;
  revealCurrent(byId("list"));
}

/** Scroll the list to its current item; `scrollIntoView` would also move where Tab goes on. */
function revealCurrent(list) {
  const item = list.querySelector("[aria-current]")?.parentElement;
  if (!item) return;
  const above = item.offsetTop - list.offsetTop - list.scrollTop;
  if (above < 0) list.scrollTop += above;
  else list.scrollTop += Math.max(0, above + item.offsetHeight - list.clientHeight);
}

function leaveTo(hash) {
  location.replace(hash);
  show(); // the event comes later
}

const hasFailed = (test) => test?.outcome === "failed" || test?.outcome === "error";
const firstAddress = () => (hasFailed(data.tests[0]) ? address("test", data.tests[0].key) : "#/summary");

function setCurrent(a, how, isCurrent) {
  if (isCurrent) a?.setAttribute("aria-current", how);
  else a?.removeAttribute("aria-current");
}

function itemDetail(view, item, wanted) {
  const back = el("p", { class: "back" }, el("a", { href: `#/${view.title.toLowerCase()}` }, `All ${view.title.toLowerCase()}`));
  if (!item) {
    const text = wanted ? `This run has no ${view.one} ${wanted}.` : `This run has no ${view.title.toLowerCase()}.`;
    return [back, el("h2", {}, view.title), el("p", { class: "note" }, text)];
  }
  const at = view.items.indexOf(item);
  const step = (by, text) => {
    const other = view.items[at + by];
    return other ? el("a", { href: address(view.one, view.key(other)), rel: by < 0 ? "prev" : "next" }, text) : null;
  };
  return [el("nav", { class: "steps", "aria-label": "Previous and next" }, back, step(-1, "Previous"), step(1, "Next")), ...view.detail(item)];
}

// The list ------------------------------------------------------------------------------------

function fillList(view) {
  byId("list").replaceChildren(...(view?.items ?? []).map((item) =>
    el("li", {}, el("a", { href: address(view.one, view.key(item)) }, view.row(item)))));
  byId("list-title").textContent = view?.title ?? "";
  byId("text").value = "";
  const counts = new Map();
  for (const item of view?.items ?? []) counts.set(view.group(item), (counts.get(view.group(item)) ?? 0) + 1);
  const choices = counts.size > 1 ? [["", view.items.length], ...counts] : [];
  byId("choices").hidden = choices.length === 0;
  byId("choices").replaceChildren(byId("choices").firstElementChild, ...choices.map(([name, count]) =>
    el("label", {}, el("input", { type: "radio", name: "choice", value: name, checked: name === "" }),
      el("span", {}, `${name || "all"} ${count.toLocaleString("en")}`))));
  filterList();
}

function filterList() {
  const view = Object.values(views).find((one) => one.title === byId("list-title").textContent);
  if (!view) return;
  const words = byId("text").value.toLowerCase().split(/\s+/).filter(Boolean);
  const choice = document.querySelector("#choices input:checked")?.value ?? "";
  let shown = 0;
  view.items.forEach((item, index) => {
    const text = view.text(item).toLowerCase();
    const fits = (!choice || view.group(item) === choice) && words.every((word) => text.includes(word));
    byId("list").children[index].hidden = !fits;
    shown += fits;
  });
  byId("matches").textContent = words.length || choice ? `${shown} of ${view.items.length} shown` : "";
  byId("matches").classList.toggle("hidden", shown > 0);
}

/** Open the next item of the list that the filter leaves, or the previous one. */
function step(by) {
  const links = [...byId("list").querySelectorAll("li:not([hidden]) a")];
  const at = links.findIndex((a) => a.hasAttribute("aria-current"));
  const next = links[at < 0 ? 0 : at + by];
  if (!next) return;
  location.hash = next.hash;
  show(); // the event comes later, perhaps after the next key
  if (byId("list").contains(document.activeElement)) next.focus();
}

// What a list shows of an item ------------------------------------------------------------------

function testRow(test) {
  const [file, name] = split(test.id);
  return [mark(test.outcome ?? "", MARKS), el("span", { class: "name" }, breakable(name)), el("small", {}, tail(file))];
}

function statementRow(statement) {
  const alive = statement.mutants?.alive ? counted(statement.mutants.alive, "mutant") + " alive" : "";
  const facts = joined([statement.places[0]?.split(/[/\\]/).pop(), counted(statement.tests.length, "test"), alive, statement.conditions.length ? `${statement.conditions.length} not shown` : ""]);
  return [mark(statement.verdict, VERDICTS), el("span", { class: "name mono" }, statement.line), el("small", {}, facts)];
}

function tableRow(table) {
  return [el("span", { class: "name mono" }, table.name),
    el("small", {}, `read by ${counted(table.readers.length, "test")}, written by ${counted(table.writers.length, "test")}`)];
}

// What the page shows of an item ----------------------------------------------------------------

function testDetail(test) {
  const [file, name] = split(test.id);
  const events = test.events.map(unpacked);
  const opened = new Set(hasFailed(test) ? events.filter((event) => event.error || event.fault).slice(0, 3).map((event) => event.index) : []);
  const rolledBack = test.rolled_back ? ` (${test.rolled_back} rolled back)` : "";
  return [
    el("h2", {}, breakable(name), " ", el("span", { class: `badge ${test.outcome}` }, test.outcome)),
    el("p", { class: "meta" }, joined([
      test.place || file, `${(test.seconds ?? 0).toFixed(2)} s`,
      test.requests && counted(test.requests, "request"), test.statements && counted(test.statements, "statement"),
      test.transactions && counted(test.transactions, "transaction") + rolledBack,
      test.errors && counted(test.errors, "error"), test.faults && counted(test.faults, "fault"),
      test.isolation && `isolated by ${test.isolation}`,
    ])),
    el("div", { class: "test" },
      test.failure ? failure(test) : null,
      el("section", { "aria-labelledby": "timeline" }, el("h3", { id: "timeline" }, "Timeline"),
        ...(events.length ? timeline(events, opened).filter(Boolean) : [el("p", { class: "note" }, "This test made no request, and sent nothing to a database.")]),
        test.unseen ? el("p", { class: "note" }, `There may be more statements than these: ${test.unseen}.`) : null,
        test.left_out ? el("p", { class: "note" }, `${counted(test.left_out, "further event")} not recorded.`) : null)),
  ];
}

function failure(test) {
  const [, source, reason] = test.headline.match(/^(> .*\n)?([^]*)$/);
  const whole = test.failure.trim() === test.headline.trim() ? null
    : el("details", { open: matchMedia("(min-width: 1500px), print").matches },
      el("summary", {}, "The whole failure"), el("pre", {}, test.failure));
  return el("section", { class: `failure ${test.outcome}`, "aria-labelledby": "why" },
    el("h3", { id: "why" }, REASONS[test.outcome] ?? "What pytest says"), 
    el("pre", { class: "headline" }, el("span", {}, source), reason), whole);
}

function section(title, ...content) {
  return el("section", {}, el("h3", {}, title), ...content);
}

/** A list of links: the first twenty, and a button for the others. */
function listOf(items, make, none) {
  if (items.length === 0) return el("p", { class: "dim" }, none);
  const list = el("ul", { class: "links" }, items.slice(0, 20).map((item) => el("li", {}, make(item))));
  if (items.length <= 20) return list;
  const more = el("button", { type: "button", onclick: () => {
    list.append(...items.slice(20).map((item) => el("li", {}, make(item))));
    list.children[20].firstElementChild.focus();
    more.remove();
  } }, `Show ${(items.length - 20).toLocaleString("en")} more`);
  return el("div", {}, list, more);
}

function statementDetail(statement) {
  const said = { checked: "PostgreSQL accepts it", parsed: "PostgreSQL accepts its syntax, and has checked nothing else", refused: "PostgreSQL refuses it", unchecked: "PostgreSQL was not asked" };
  const columns = statement.columns.map((column) =>
    [column.name, column.type || "unknown", column.nullable == null ? "unknown" : column.nullable ? "yes" : "no"]);
  const table = (name) => link("table", name, name);
  const tables = (names) => names.length ? names.flatMap((name, index) => [index ? ", " : "", table(name)]) : ["none"];
  return [
    el("h2", { class: "mono" }, statement.line),
    el("p", { class: "meta" }, joined([`sent ${counted(statement.sent, "time")} by ${counted(statement.tests.length, "test")}`, ...statement.places])),
    el("pre", { class: "sql" }, highlighted(statement.sql)),
    section("What PostgreSQL says",
      el("p", { class: `verdict ${statement.verdict}` }, mark(statement.verdict, VERDICTS), said[statement.verdict], statement.refusal ? `: ${statement.refusal}` : "."),
      el("dl", { class: "facts" },
        el("dt", {}, "Parameters"), el("dd", {}, statement.parameters.map((type, index) => `$${index + 1} ${type}`).join(", ") || "none"),
        el("dt", {}, "Reads"), el("dd", {}, ...tables(statement.reads)),
        el("dt", {}, "Writes"), el("dd", {}, ...tables(statement.writes))),
      columns.length ? grid(["Column", "Type", "Can be NULL"], columns) : null),
    statement.conditions.length ? section("What no test showed", el("ul", {}, statement.conditions.map((text) => el("li", {}, text)))) : null,
    statement.mutants ? section("Mutants", mutants(statement.mutants)) : null,
    section("Tests", listOf(statement.tests, testLink, "No test sent it.")),
  ];
}

function mutants(found) {
  const rows = found.mutants.map((mutant) => el("tr", { class: mutant.status === "Survived" ? "bad" : null },
    el("td", {}, mutant.status === "Survived" ? "alive" : mutant.status.toLowerCase()), el("td", {}, mutant.change),
    el("td", {}, mutant.killed_by.join(", ") || mutant.reason)));
  const head = el("tr", {}, ["Result", "Change", "Test, or reason"].map((name) => el("th", { scope: "col" }, name)));
  return el("div", {}, el("p", {}, `${found.killed} of ${found.killed + found.alive} that a test could notice are killed.`),
    scrollable("Mutants", el("table", { class: "grid" }, el("thead", {}, head), el("tbody", {}, rows))));
}

function tableDetail(table) {
  const statement = (id) => el("a", { href: `#/statement/${id}`, class: "mono" }, statements.get(id).line);
  const side = (verb, ids, tests) => section(`${verb} by ${counted(tests.length, "test")}`,
    el("h4", {}, counted(ids.length, "statement")), listOf(ids, statement, "None."),
    el("h4", {}, "Tests"), listOf(tests, testLink, "None."));
  return [el("h2", { class: "mono" }, table.name),
    el("div", { class: "sides" }, side("Written", table.writes, table.writers), side("Read", table.reads, table.readers))];
}

function summary() {
  const { run } = data;
  const outcomes = Object.entries(data.summary.outcomes).map(([name, count]) =>
    el("div", { class: name }, el("dt", {}, name), el("dd", {}, count.toLocaleString("en"))));
  const facts = { Started: run.started, PostgreSQL: run.postgres == null ? "none" : String(run.postgres), Understudy: run.understudy, pytest: run.pytest, Python: run.python,
    Arguments: run.arguments.join(" ") || "none", ...(run.redacted.length ? { "Hidden columns": run.redacted.join(", ") } : {}) };
  return [
    el("h2", {}, "Summary"),
    el("dl", { class: "outcomes" }, outcomes),
    data.summary.lines.length ? section("Understudy", el("pre", { class: "terminal" }, data.summary.lines.join("\n"))) : null,
    section("Run", el("dl", { class: "facts" }, Object.entries(facts).flatMap(([name, text]) => [el("dt", {}, name), el("dd", {}, text)]))),
    data.is_cut ? el("p", { class: "note" }, "To keep this file small, only the first 50 tests that failed have rows and the whole failure.") : null,
    data.review ? section("Review", el("p", { class: "review" }, data.review)) : null,
    ...data.summary.checklist.map(checklist),
  ];
}

function checklist(module) {
  const signs = { ok: "✓", "not-ok": "✗", "cannot-tell": "?" };
  const evidence = (one) => el("li", {}, one.path ? el("code", {}, one.line ? `${one.path}:${one.line}` : one.path) : null, one.path ? "  " : "", one.text);
  return section(module.module,
    el("p", { class: "meta" }, `${module.path} · ${counted(module.tests, "test")} · ${Math.round(module.covered)}% covered`),
    el("ul", { class: "checklist" }, module.items.map((item) => {
      const state = item.state.replace(" ", "-");
      const against = state === "ok" ? [] : item.evidence;
      return el("li", {}, mark(state, signs), item.text, against.length ? el("ul", {}, against.map(evidence)) : null);
    })),
    module.opinions?.length ? opinions(module.opinions, evidence) : null);
}

function opinions(items, evidence) {
  const found = items.map((item) => `${item.text} (${item.evidence.length})`).join(", ");
  return el("details", {}, el("summary", {}, `Opinion, not counted: ${found}`),
    el("ul", { class: "links" }, items.flatMap((item) => item.evidence.map(evidence))));
}

// Begin ------------------------------------------------------------------------------------------

const counts = Object.entries(data.summary.outcomes).filter(([, count]) => count).map(([name, count], index) =>
  [index ? ", " : "", el(name === "failed" || name === "error" ? "b" : "span", {}, `${count.toLocaleString("en")} ${name}`)]);
byId("outcome").replaceChildren(el("span", { class: "brand" }, "Understudy"), hidden(": "),
  ...(counts.length ? counts.flat() : ["no tests"]), ` in ${data.summary.seconds.toFixed(2)} s`);
byId("views").append(...[...Object.keys(views), "summary"].map((name) =>
  el("a", { href: `#/${name}` }, name[0].toUpperCase() + name.slice(1))));
byId("filter").addEventListener("input", filterList);
byId("filter").addEventListener("submit", (event) => event.preventDefault());
byId("skip").addEventListener("click", (event) => { event.preventDefault(); byId("detail").focus(); });
addEventListener("hashchange", show);
addEventListener("keydown", (event) => {
  const isTyping = event.target.matches?.("input[type=search]");
  if (isTyping && event.key === "Escape") byId("detail").focus();
  if (isTyping || event.ctrlKey || event.metaKey || event.altKey || !byId("shortcuts").checked) return;
  if (event.key === "j") step(1);
  else if (event.key === "k") step(-1);
  else if (event.key === "/" && current.view) { event.preventDefault(); document.body.dataset.pane = "list"; byId("text").focus(); }
});
addEventListener("beforeprint", () => document.querySelectorAll("#detail details").forEach((one) => (one.open = true)));
show();
