"use strict";
// The timeline of a test: bars on a scale for the eye, and the same events as a list.
// All text goes through `el`, which makes text nodes: the policy of the page forbids to write HTML.

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

/** A text that is cut at its beginning if there is no room; a path is told by its end. */
const tail = (text) => el("span", { class: "tail" }, el("bdi", {}, text));
/** A long name may be broken after each underscore. */
const breakable = (name) => name.length < 34 ? [name] : name.split(/(?<=[_.:])/).flatMap((part) => [part, el("wbr")]);
const hidden = (text) => el("span", { class: "hidden" }, text);
const counted = (count, noun) =>
  `${count.toLocaleString("en")} ${noun}${count === 1 ? "" : noun.endsWith("s") ? "es" : "s"}`;

/** A time in microseconds, with three significant digits. */
function duration(time) {
  if (time >= 999_500) return `${(time / 1e6).toFixed(2)} s`;
  return `${(time / 1000).toFixed(time < 9_995 ? 2 : time < 99_950 ? 1 : 0)} ms`;
}

/** A moment of a test, finer than `duration`: what happens in a test is a millisecond apart. */
const moment = (time) => (time < 99_950 ? duration(time) : `${(time / 1000).toLocaleString("en", { maximumFractionDigits: time < 9_999_500 ? 1 : 0 })} ms`);

/** An event of the data as an object; texts and shapes are numbers there, and 0 is none. */
function unpacked([shape, at, took, connection, request, transaction, count, parameters, rows], index) {
  const [type, phase, server, statement, text, columns, tag, status, state, message, fault, place, fn, source,
    rule, exception, isMany] = data.shapes[shape];
  const valuesOf = (numbers) => numbers.map((number) => data.strings[number]);
  return {
    index, at, took: took ?? null, connection, request, transaction, count, status,
    type: string(type), phase: string(phase), server: string(server), tag: string(tag),
    statement: statements.get(statement), text: string(text), columns: columns.map(string),
    error: message ? { state: string(state), message: string(message) } : null,
    fault: string(fault), place: string(place), function: string(fn), source: string(source), rule: string(rule), exception: string(exception), isMany,
    parameters: valuesOf(parameters ?? []), rows: rows?.map(valuesOf),
  };
}

const titleOf = (event) => event.statement?.line || event.text || event.type.toUpperCase();
const isBad = (event) => event.error != null || event.exception !== "" || (event.status ?? 0) >= 500 || event.took == null;
const errorOf = (error) => `${error.state} ${error.message}`.trim();

/** SQL with its keywords, strings and parameters told apart. */
function highlighted(text) {
  const parts = text.split(/('(?:[^']|'')*'|\$\d+|%\(?\w*\)?s|\b[A-Z][A-Z_]+\b)/);
  return parts.map((part, index) => {
    if (index % 2 === 0) return part;
    const kind = part[0] === "'" ? "text" : /[$%]/.test(part[0]) ? "parameter" : "word";
    return el("span", { class: `sql-${kind}` }, part);
  });
}

/** Return the lane of each span: the first one that is free when it begins. Times are rounded, so 1 overlaps. */
function lanesOf(spans, from, to) {
  const ends = [];
  return spans.map((span) => {
    const free = ends.findIndex((end) => end <= from(span) + 1);
    const lane = free < 0 ? ends.length : free;
    ends[lane] = to(span);
    return lane;
  });
}

/** The transactions of a test: where each begins and ends, as times and as positions in the list. */
function transactionsOf(events, end) {
  const found = new Map();
  for (const event of events) {
    if (event.transaction == null) continue;
    const key = `${event.connection}/${event.transaction}`;
    const span = found.get(key) ?? { event, from: event.at, first: event.index, label: "left open", kind: "open" };
    span.last = event.index;
    span.to = event.took == null ? end : event.at + event.took;
    if (event.type === "commit" || event.type === "rollback") {
      span.kind = event.type === "commit" && event.error ? "rollback" : event.type;
      span.label = event.error ? `${event.type.toUpperCase()} failed` : event.type.toUpperCase();
    }
    found.set(key, span);
  }
  for (const span of found.values()) if (span.kind === "open") span.to = end;
  return [...found.values()];
}

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
  const scale = (time) => `${((time - start) / Math.max(1, end - start)) * 100}%`;
  const spanOf = (event, kind) => ({
    event, kind, label: titleOf(event), from: event.at, to: event.took == null ? end : event.at + event.took,
  });
  const requests = events.filter((event) => event.type === "request");
  const sent = events.filter((event) => event.type === "statement" || event.type === "connect");
  const lanes = {
    Requests: requests.map((event) => spanOf(event, isBad(event) ? "bad" : "request")),
    Transactions: transactions,
    Statements: sent.map((event) => spanOf(event, isBad(event) ? "bad" : event.fault ? "fault" : "statement")),
  };
  const rows = Object.entries(lanes).filter(([, spans]) => spans.length > 0).map(([name, spans]) => {
    const lane = lanesOf(spans, (span) => span.from, (span) => span.to);
    const track = el("div", { class: "track" }, spans.map((span, index) => {
      const bar = el("div", {
        class: `bar ${span.kind}`, onclick: () => show(span.event),
        title: `${span.label}\n${moment(span.from)}, took ${duration(span.to - span.from)}`,
      }, name === "Statements" ? "" : span.label);
      bar.style.left = scale(span.from);
      bar.style.width = `max(3px, calc(${scale(span.to)} - ${scale(span.from)}))`;
      bar.style.top = `${lane[index] * 22}px`;
      return bar;
    }));
    track.style.height = `${Math.max(...lane) * 22 + 20}px`;
    return [el("span", {}, name), track];
  });
  const ticks = [start, (start + end) / 2, end].map((time) => el("span", {}, moment(time)));
  return el("div", { class: "chart", "aria-hidden": "true" }, ...rows.flat(), el("span"), el("div", { class: "axis" }, ticks));
}

/** Buttons that lead to what failed or was made to fail. */
function jumps(events, show) {
  const marked = events.filter((event) => event.error || event.exception || event.fault || event.took == null).slice(0, 5);
  if (marked.length === 0) return null;
  return el("ul", { class: "jumps", "aria-label": "Errors and faults" }, marked.map((event) =>
    el("li", {}, el("button", { type: "button", class: isBad(event) ? "bad" : "fault", onclick: () => show(event) },
      `${moment(event.at)}  `, event.error ? errorOf(event.error) : event.exception || event.fault || "never ended"))));
}

function eventList(events, transactions, opened) {
  const lanes = lanesOf(transactions, (span) => span.first, (span) => span.last + 1);
  const width = Math.max(0, ...lanes.map((lane) => lane + 1));
  const list = el("ol", { class: "events" });
  const isConcurrent = new Set(events.map((event) => event.connection).filter((number) => number != null)).size > 1;
  const rows = [];
  let phase = "";
  for (const event of events) {
    if (event.phase !== phase) list.append(el("li", { class: "phase" }, (phase = event.phase)));
    const rails = el("span", { class: "rails", "aria-hidden": "true" });
    for (let lane = 0; lane < width; lane++) {
      const span = transactions.find((one, number) => lanes[number] === lane && one.first <= event.index && event.index <= one.last);
      const isEnd = span && event.index === span.last && span.kind !== "open";
      rails.append(el("i", { class: span && `${span.kind}${event.index === span.first ? " first" : ""}${isEnd ? " last" : ""}` }));
    }
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

/** One event: a button with its line, and under it the panel that the button opens. */
function eventRow(event, rails, isOpen, isConcurrent) {
  const id = `event-${event.index}`;
  const label = event.type === "statement" ? highlighted(titleOf(event)) : titleOf(event);
  const inside = event.transaction == null ? null : hidden(`, in transaction ${event.transaction}`);
  const button = el("button", { type: "button", class: "row", "aria-expanded": String(isOpen), "aria-controls": id },
    el("span", { class: "at" }, hidden("at "), moment(event.at)),
    el("span", { class: "what" }, isConcurrent && event.connection != null ? connection(event) : null, event.fault ? el("span", { class: "badge fault" }, "fault") : null, label, inside),
    el("span", { class: "answer" }, hidden(", "), answerOf(event)),
    el("span", { class: "took" }, hidden(", took "), event.took == null ? "never ended" : duration(event.took)),
    el("span", { class: "line" }, event.place ? [hidden(", "), tail(event.place.split(/[/\\]/).pop())] : null));
  const panel = el("div", { class: "panel", id, hidden: !isOpen });
  if (isOpen) panel.append(...panelOf(event));
  const toggle = (open) => {
    if (open && !panel.hasChildNodes()) panel.append(...panelOf(event));
    button.setAttribute("aria-expanded", String(open));
    panel.hidden = !open;
  };
  button.addEventListener("click", () => toggle(panel.hidden));
  const nested = event.request != null ? " nested" : "";
  return {
    node: el("li", { class: `event ${event.type}${isBad(event) ? " bad" : ""}${nested}` }, rails, button, panel),
    show() {
      toggle(true);
      button.scrollIntoView({ block: "center" });
      button.focus();
    },
  };
}

const connection = (event) =>
  el("span", { class: "connection", title: `connection ${event.connection}` }, hidden("connection "), String(event.connection), hidden(": "));

function answerOf(event) {
  if (event.error) return el("span", { class: "error" }, errorOf(event.error));
  if (event.type === "request") {
    return [event.exception ? el("span", { class: "error" }, `${event.exception}  `) : null,
      event.status == null ? null : el("span", { class: `status s${Math.floor(event.status / 100)}` }, String(event.status))];
  }
  if (event.count != null && event.columns.length) return counted(event.count, "row");
  return event.type === "statement" ? event.tag || (event.count == null ? "" : counted(event.count, "row")) : "";
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

function panelOf(event) {
  const facts = [];
  const fact = (name, ...what) => facts.push(el("dt", {}, name), el("dd", {}, ...what));
  if (event.error) fact("Error", el("span", { class: "error" }, errorOf(event.error)));
  if (event.exception) fact("Raised", el("span", { class: "error" }, event.exception));
  if (event.fault) fact("On purpose", el("span", { class: "fault" }, event.fault));
  if (event.statement?.refusal) fact("Refused", el("span", { class: "error" }, event.statement.refusal));
  if (event.parameters.length) {
    fact(event.isMany ? "Rows sent" : "Parameters", el("ol", { class: "parameters" }, event.parameters.map((text, index) => {
      const type = event.isMany ? null : event.statement?.parameters[index];
      return el("li", {}, el("code", {}, event.isMany ? `${index + 1}` : `$${index + 1}`), " ", value(text), type ? el("span", { class: "dim" }, `  ${type}`) : null);
    })));
  }
  if (event.rows?.length) {
    fact("Rows", grid(event.columns.length ? event.columns : event.rows[0].map((_, index) => `${index + 1}`), event.rows),
      event.count > event.rows.length ? el("p", { class: "dim" }, `the first ${event.rows.length} of ${counted(event.count, "row")}`) : null);
  } else if (event.count && event.columns.length) {
    fact("Rows", counted(event.count, "row"), data.is_cut ? el("span", { class: "dim" }, "  left out, to keep this file small") : null);
  }
  if (event.tag && !event.columns.length) fact("Tag", event.tag);
  if (event.rule) fact("Answered by", el("code", {}, event.rule), " (a rule of the script)");
  if (event.place) {
    fact("Line", el("code", {}, event.place), event.function ? ` in ${event.function}` : "",
      event.source ? el("pre", {}, event.source) : null);
  }
  const where = [event.server, event.connection == null ? "" : `connection ${event.connection}`,
    event.transaction == null ? "" : `transaction ${event.transaction}`].filter(Boolean).join(", ");
  if (where) fact("Where", where);
  return [
    event.statement ? el("pre", { class: "sql" }, highlighted(event.statement.sql)) : null,
    el("dl", { class: "facts" }, facts),
    event.statement ? el("p", {}, el("a", { href: `#/statement/${event.statement.id}` }, "This statement in the whole run")) : null,
  ].filter(Boolean);
}
