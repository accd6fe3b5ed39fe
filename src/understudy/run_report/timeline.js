"use strict";
// The timeline of a test: bars on a scale for the eye, and the same events as a list.
// All text goes through `el`, which makes text nodes: the page's policy forbids to write HTML.

const data = JSON.parse(document.getElementById("data").textContent);
const string = (number) => data.strings[number] ?? "";
const statements = new Map(data.statements.map((statement) => [statement.id, statement]));

/** Make an element; a child is a node or a text, and null is left out. */
function el(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (key === "onclick") made.addEventListener("click", value);
    else if (value === true) made.setAttribute(key, "");
    else if (value != null && value !== false) made.setAttribute(key, value);
  }
  made.append(...children.flat().filter((child) => child != null && child !== ""));
  return made;
}

/** For screen readers alone. */
const hidden = (text) => el("span", { class: "hidden" }, text);
const span = (kind, ...children) => el("span", { class: kind }, ...children);
/** A text that is cut at its beginning if there is no room; a path is told by its end. */
const tail = (text) => span("tail", el("bdi", {}, text));
const basename = (path) => path.split(/[/\\]/).pop();
/** A long name may be broken after each underscore. */
const breakable = (name) =>
  name.length < 34 ? [name] : name.split(/(?<=[_.:])/).flatMap((part) => [part, el("wbr")]);
const counted = (count, noun) => `${count.toLocaleString("en")} ${noun}${count === 1 ? "" : "s"}`;

/** A time in microseconds, with three significant digits. */
function duration(time) {
  if (time >= 999_500) return `${(time / 1e6).toFixed(2)} s`;
  return `${(time / 1000).toFixed(time < 9_995 ? 2 : time < 99_950 ? 1 : 0)} ms`;
}

/** A moment of a test, finer than `duration`: events are a millisecond apart. */
function moment(time) {
  if (time < 99_950) return duration(time);
  const digits = time < 9_999_500 ? 1 : 0;
  const shown = { minimumFractionDigits: digits, maximumFractionDigits: digits };
  return `${(time / 1000).toLocaleString("en", shown)} ms`;
}

/** An event of the data as an object; texts and shapes are numbers there, and 0 is none. */
function unpacked(own, index) {
  const [number, at, took, connection, request, transaction, count, parameters, rows] = own;
  const [type, phase, server, statement, text, columns, tag, status, ...others] = data.shapes[number];
  const [state, message, fault, place, fn, source, rule, exception, isMany] = others;
  const valuesOf = (numbers) => numbers.map((one) => data.strings[one]);
  return {
    index, at, took: took ?? null, connection, request, transaction, count, status, isMany,
    type: string(type), phase: string(phase), server: string(server), text: string(text),
    statement: statements.get(statement), columns: columns.map(string), tag: string(tag),
    error: message ? `${string(state)} ${string(message)}`.trim() : "", exception: string(exception),
    fault: string(fault), rule: string(rule),
    place: string(place), function: string(fn), source: string(source),
    parameters: valuesOf(parameters ?? []), rows: rows?.map(valuesOf) ?? [],
  };
}

const titleOf = (event) => event.statement?.line || event.text || event.type.toUpperCase();
const problemOf = (event) => event.error || event.exception || (event.took == null ? "never ended" : "");
const isBad = (event) => problemOf(event) !== "" || (event.status ?? 0) >= 500;

/** SQL with its keywords, strings and parameters told apart. */
function highlighted(text) {
  const parts = text.split(/('(?:[^']|'')*'|\$\d+|%\(?\w*\)?s|\b[A-Z][A-Z_]+\b)/);
  return parts.map((part, index) => {
    if (index % 2 === 0) return part;
    return span(part[0] === "'" ? "sql-text" : /[$%]/.test(part[0]) ? "sql-parameter" : "sql-word", part);
  });
}

/** The lane of each span: the first that is free when it begins. Times are rounded, so 1 may overlap. */
function lanesOf(spans, from, to) {
  const ends = [];
  return spans.map((one) => {
    const free = ends.findIndex((end) => end <= from(one) + 1);
    const lane = free < 0 ? ends.length : free;
    ends[lane] = to(one);
    return lane;
  });
}

/** The transactions of a test: where each begins and ends, as times and as positions in the list. */
function transactionsOf(events, end) {
  const found = new Map();
  for (const event of events) {
    if (event.transaction == null) continue;
    const key = `${event.connection}/${event.transaction}`;
    const begun = { event, from: event.at, first: event.index, label: "left open", kind: "open" };
    const one = found.get(key) ?? begun;
    found.set(key, one);
    one.last = event.index;
    one.to = event.took == null ? end : event.at + event.took;
    if (event.type === "commit" || event.type === "rollback") {
      one.kind = event.error ? "rollback" : event.type;
      one.label = event.type.toUpperCase() + (event.error ? " failed" : "");
    }
  }
  for (const one of found.values()) if (one.kind === "open") one.to = end;
  return [...found.values()];
}

/** The elements of a timeline. The events whose indexes are in `opened` show their panels. */
function timeline(events, opened) {
  let [start, end] = [Infinity, 0];
  for (const event of events) {
    start = Math.min(start, event.at);
    end = Math.max(end, event.at + (event.took ?? 0));
  }
  const transactions = transactionsOf(events, end);
  const list = eventList(events, transactions, opened);
  const show = (event) => list.rows[event.index].show();
  return [chart(events, transactions, start, end, show), jumps(events, show), list.node];
}

/** Bars on a scale of time. Whoever cannot see them reads the list. */
function chart(events, transactions, start, end, show) {
  const bars = (types, kindOf) => events.filter((event) => types.includes(event.type)).map((event) => ({
    event, kind: isBad(event) ? "bad" : kindOf(event), label: titleOf(event),
    from: event.at, to: event.took == null ? end : event.at + event.took,
  }));
  const tracks = {
    Requests: bars(["request"], () => "request"),
    Transactions: transactions,
    Statements: bars(["statement", "connect"], (event) => (event.fault ? "fault" : "statement")),
  };
  const percent = (time) => (time / Math.max(1, end - start)) * 100;
  const rows = Object.entries(tracks).filter(([, spans]) => spans.length > 0).map(([name, spans]) => {
    const lanes = lanesOf(spans, (one) => one.from, (one) => one.to);
    const track = el("div", { class: "track" }, spans.map((one, index) => {
      const title = `${one.label}\n${moment(one.from)}, took ${duration(one.to - one.from)}`;
      const text = name === "Statements" ? "" : one.label;
      const bar = el("div", { class: `bar ${one.kind}`, title, onclick: () => show(one.event) }, text);
      bar.style.left = `${percent(one.from - start)}%`;
      bar.style.width = `max(3px, ${percent(one.to - one.from)}%)`;
      bar.style.top = `${lanes[index] * 22}px`;
      return bar;
    }));
    track.style.height = `${Math.max(...lanes) * 22 + 20}px`;
    return [el("span", {}, name), track];
  });
  const ticks = [start, (start + end) / 2, end].map((time) => el("span", {}, moment(time)));
  const axis = [el("span"), el("div", { class: "axis" }, ticks)];
  return el("div", { class: "chart", "aria-hidden": "true" }, ...rows.flat(), ...axis);
}

/** Buttons that lead to what failed or was made to fail. */
function jumps(events, show) {
  const marked = events.filter((event) => problemOf(event) || event.fault).slice(0, 5);
  if (marked.length === 0) return null;
  return el("ul", { class: "jumps", "aria-label": "Errors and faults" }, marked.map((event) => {
    const problem = problemOf(event);
    const options = { type: "button", class: problem ? "bad" : "fault", onclick: () => show(event) };
    return el("li", {}, el("button", options, `${moment(event.at)}  `, problem || event.fault));
  }));
}

function eventList(events, transactions, opened) {
  const lanes = lanesOf(transactions, (one) => one.first, (one) => one.last + 1);
  const width = Math.max(0, ...lanes.map((lane) => lane + 1));
  const isConcurrent = new Set(events.flatMap((event) => event.connection ?? [])).size > 1;
  const list = el("ol", { class: "events" });
  const rows = [];
  let phase = "";
  for (const event of events) {
    if (event.phase !== phase) list.append(el("li", { class: "phase" }, (phase = event.phase)));
    const rails = span("rails");
    rails.setAttribute("aria-hidden", "true");
    for (let lane = 0; lane < width; lane++) rails.append(rail(event, transactions, lanes, lane));
    const row = eventRow(event, rails, opened.has(event.index), isConcurrent);
    rows.push(row);
    list.append(row.node);
  }
  const head = el("div", { class: "row head", "aria-hidden": "true" },
    ["At", "What", "Answer", "Took", "Line"].map((name) => el("span", {}, name)));
  const node = el("div", { class: "list-of-events" }, head, list);
  node.style.setProperty("--rails", `${width * 10}px`);
  return { node, rows };
}

/** The piece of a transaction's line that is beside an event. */
function rail(event, transactions, lanes, lane) {
  const one = transactions.find(({ first, last }, number) =>
    lanes[number] === lane && first <= event.index && event.index <= last);
  if (!one) return el("i");
  const isFirst = event.index === one.first;
  const isLast = event.index === one.last && one.kind !== "open";
  return el("i", { class: `${one.kind}${isFirst ? " first" : ""}${isLast ? " last" : ""}` });
}

/** One event: a button with its line, and under it the panel that the button opens. */
function eventRow(event, rails, isOpen, isConcurrent) {
  const id = `event-${event.index}`;
  const options = { type: "button", class: "row", "aria-expanded": String(isOpen), "aria-controls": id };
  const button = el("button", options,
    span("at", hidden("at "), moment(event.at)),
    span("what",
      isConcurrent && event.connection != null ? connectionOf(event) : null,
      event.fault ? span("badge fault", "fault") : null,
      event.statement ? highlighted(titleOf(event)) : titleOf(event),
      event.transaction == null ? null : hidden(`, in transaction ${event.transaction}`)),
    span("answer", hidden(", "), answerOf(event)),
    span("took", hidden(", took "), event.took == null ? "never ended" : duration(event.took)),
    span("line", event.place ? [hidden(", "), tail(basename(event.place))] : null));
  const panel = el("div", { class: "panel", id, hidden: !isOpen });
  const toggle = (open) => {
    if (open && !panel.hasChildNodes()) panel.append(...panelOf(event));
    button.setAttribute("aria-expanded", String(open));
    panel.hidden = !open;
  };
  toggle(isOpen);
  button.addEventListener("click", () => toggle(panel.hidden));
  const kinds = `${event.type}${isBad(event) ? " bad" : ""}${event.request == null ? "" : " nested"}`;
  return {
    node: el("li", { class: `event ${kinds}` }, rails, button, panel),
    show() {
      toggle(true);
      button.scrollIntoView({ block: "center" });
      button.focus();
    },
  };
}

function connectionOf(event) {
  const number = String(event.connection);
  return el("span", { class: "connection", title: `connection ${number}` },
    hidden("connection "), number, hidden(": "));
}

function answerOf(event) {
  if (event.error) return span("error", event.error);
  if (event.type === "request") {
    return [event.exception ? span("error", `${event.exception}  `) : null,
      event.status == null ? null : span(`status s${Math.floor(event.status / 100)}`, String(event.status))];
  }
  if (event.type !== "statement") return "";
  const rows = event.count == null ? "" : counted(event.count, "row");
  return event.columns.length ? rows : event.tag || rows;
}

const value = (text) => (text == null ? el("i", { class: "null" }, "NULL") : text);

function grid(columns, rows) {
  const head = el("tr", {}, columns.map((name) => el("th", { scope: "col" }, name)));
  const body = rows.map((row) => el("tr", {}, row.map((cell) => el("td", {}, value(cell)))));
  return scrollable("Rows", el("table", { class: "grid" }, el("thead", {}, head), el("tbody", {}, body)));
}

/** A table may be wider than the page: it is scrolled by itself, also by keyboard. */
const scrollable = (name, ...children) =>
  el("div", { class: "scroll", tabindex: "0", role: "group", "aria-label": name }, ...children);

/** All that is known of an event. */
function panelOf(event) {
  const { statement } = event;
  const facts = [];
  const fact = (name, ...what) => facts.push(el("dt", {}, name), el("dd", {}, ...what));
  if (event.error) fact("Error", span("error", event.error));
  if (event.exception) fact("Raised", span("error", event.exception));
  if (event.fault) fact("On purpose", span("fault", event.fault));
  const refusal = statement?.refusal.replace(/^(\w{5}): /, "$1 ");
  if (refusal && refusal !== event.error) fact("Refused", span("error", refusal));
  if (event.parameters.length) fact(event.isMany ? "Rows sent" : "Parameters", parametersOf(event));
  if (event.columns.length && event.count != null) fact("Rows", ...rowsOf(event));
  else if (event.tag) fact("Tag", event.tag);
  if (event.rule) fact("Answered by", el("code", {}, event.rule), " (a rule of the script)");
  if (event.place) {
    fact("Line", el("code", {}, event.place), event.function ? ` in ${event.function}` : "",
      event.source ? el("pre", {}, event.source) : null);
  }
  const numbered = (name, number) => (number == null ? "" : `${name} ${number}`);
  const where = [event.server, numbered("connection", event.connection), numbered("transaction", event.transaction)];
  if (where.some(Boolean)) fact("Where", where.filter(Boolean).join(", "));
  const shown = [el("dl", { class: "facts" }, facts)];
  if (!statement) return shown;
  const link = el("a", { href: `#/statement/${statement.id}` }, "This statement in the whole run");
  return [el("pre", { class: "sql" }, highlighted(statement.sql)), ...shown, el("p", {}, link)];
}

function parametersOf(event) {
  return el("ol", { class: "parameters" }, event.parameters.map((text, index) => {
    const type = event.isMany ? null : event.statement?.parameters[index];
    const name = event.isMany ? `${index + 1}` : `$${index + 1}`;
    return el("li", {}, el("code", {}, name), " ", value(text), type ? span("dim", `  ${type}`) : null);
  }));
}

function rowsOf({ columns, rows, count }) {
  if (rows.length === 0) {
    return [counted(count, "row"), count && data.is_cut ? span("dim", "  left out, to keep this file small") : null];
  }
  const more = count > rows.length ? `the first ${rows.length} of ${counted(count, "row")}` : "";
  return [grid(columns, rows), more ? el("p", { class: "dim" }, more) : null];
}
