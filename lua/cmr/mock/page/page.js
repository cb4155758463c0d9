// The mock's page. It polls the control calls of this mock while it is visible, and makes its forms from the list of
// calls. Texts go into the page as text only; the Content-Security-Policy forbids anything else.

const POLL_INTERVAL_MS = 1000;
const MAX_ROWS = 500; // of requests and of deliveries
const FETCH_ROWS = 200; // at a time

const token = new URLSearchParams(location.search).get("token");
const byId = (id) => document.getElementById(id);

// Makes an element. Properties whose names have a dash, and role, are attributes.
function element(tag, properties, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(properties || {})) {
    if (value === undefined || value === null) continue;
    if (name.includes("-") || name === "role" || name === "list") made.setAttribute(name, value);
    else made[name] = value;
  }
  made.append(...children.filter((child) => child !== null && child !== undefined && child !== ""));
  return made;
}

async function call(method, name, fields) {
  const options = { method, cache: "no-store", headers: { "x-mock-token": token, Accept: "application/json" } };
  let url = name;
  if (method === "GET") url = `${name || "./"}?${new URLSearchParams(fields)}`;
  else options.body = JSON.stringify(fields || {});
  const answer = await fetch(url, options);
  const value = await answer.json();
  if (!answer.ok) throw new Error(value.error || `status ${answer.status}`);
  return value;
}

function notice(text, isBad) {
  byId("notice").textContent = text;
  byId("notice").className = isBad ? "bad" : "";
}

// Makes a control call, shows its result, and refreshes the page.
async function act(text, method, name, fields) {
  try {
    await call(method, name, fields);
    notice(text);
    refreshSoon();
    return true;
  } catch (error) {
    notice(`Not done: ${error.message}.`, true);
    return false;
  }
}

const iso = (seconds) => new Date(seconds * 1000).toISOString();
const time = (seconds) => element("time", { dateTime: iso(seconds), title: iso(seconds) }, iso(seconds).slice(11, 19));
const list = (value) => (Array.isArray(value) ? value : Object.values(value || {}));

const moment = (timestamp) => timestamp && timestamp.replace("T", " ").slice(0, 19);

function pretty(text) {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}

// A text that may be longer than its box: the keyboard can scroll it.
const box = (text, label) => element("pre", { tabIndex: 0, role: "region", "aria-label": label }, text);
const badge = (text, kind) => element("span", { className: `badge ${kind}` }, text);
const lines = (object) => Object.keys(object || {}).sort().map((name) => `${name}: ${object[name]}`).join("\n");

function button(text, run) {
  return element("button", { type: "button", onclick: run }, text);
}

// A list of rows, newest first, which the user can open. show(item) returns the elements of a row's summary, and
// inside(item) those that an open row has below it.
class Rows {
  constructor(container, className, show, inside) {
    Object.assign(this, { container, className, show, inside, rows: new Map() });
  }

  clear() {
    this.rows.clear();
    this.container.replaceChildren();
  }

  put(key, item) {
    const text = JSON.stringify(item);
    let row = this.rows.get(key);
    if (row && row.text === text) return;
    if (!row) {
      row = { details: element("details", { className: this.className }, element("summary", {})) };
      row.details.addEventListener("toggle", () => this.fill(row));
      this.rows.set(key, row);
      this.container.prepend(row.details);
    }
    Object.assign(row, { text, item, isFilled: false });
    row.details.firstChild.replaceChildren(...this.show(item));
    this.fill(row);
    if (this.rows.size <= MAX_ROWS) return;
    const [oldest, dropped] = this.rows.entries().next().value;
    dropped.details.remove();
    this.rows.delete(oldest);
  }

  // Fills a row that is open. Keeps the focus on the same control when the row changes.
  fill(row) {
    if (!row.details.open || row.isFilled) return;
    row.isFilled = true;
    const old = row.details.children[1];
    const focused = old && old.contains(document.activeElement) ? document.activeElement.textContent : null;
    if (old) old.remove();
    row.details.append(element("div", { className: "inside" }, ...this.inside(row.item)));
    if (focused === null) return;
    const controls = [...row.details.querySelectorAll("button, select, pre")];
    (controls.find((control) => control.textContent === focused) || row.details.firstChild).focus();
  }
}

// Requests

function statusOf(entry) {
  if (entry.status === undefined) return element("span", { className: "quiet" }, "…");
  if (entry.status === 444) return element("span", { className: "bad" }, "closed");
  const kind = entry.status < 300 ? "good" : entry.status < 500 ? "warn" : "bad";
  return element("span", { className: kind }, String(entry.status));
}

const assumedOf = (entry) => entry.answer && entry.answer.headers["x-mock-assumed"];

const requests = new Rows(
  byId("request-list"),
  "request",
  (entry) => [
    time(entry.at),
    element("span", { className: "mono" }, entry.method),
    statusOf(entry),
    element("span", { className: "operation" }, entry.operation || ""),
    element("span", { className: "mono path" }, entry.path + (entry.raw_query && `?${entry.raw_query}`)),
    element("span", { className: "badges" }, entry.fault ? badge("fault", "bad") : "",
      assumedOf(entry) ? badge("assumed", "quiet") : ""),
  ],
  (entry) => {
    const answer = entry.answer;
    const sent = element("div", {}, element("h4", {}, "Request headers"), box(lines(entry.headers), "Request headers"));
    if (entry.body) sent.append(element("h4", {}, bodyTitle("Request body", entry)), box(pretty(entry.body), "Request body"));
    if (entry.parts) {
      const parts = JSON.stringify(list(entry.parts), null, 2);
      sent.append(element("h4", {}, "Parts of the form"), box(parts, "Parts of the form"));
    }
    const got = element("div", {});
    if (answer) {
      got.append(element("h4", {}, bodyTitle(`Answer ${entry.status}`, answer)), box(pretty(answer.body), "Answer"));
      got.append(element("h4", {}, "Assumed"), element("p", {}, assumedOf(entry) || (entry.fault
        ? "A fault applied to this request."
        : "Nothing: the status and the message are documented.")));
      const more = { ...answer.headers };
      delete more["x-mock-assumed"];
      if (Object.keys(more).length) got.append(element("h4", {}, "Answer headers"), box(lines(more), "Answer headers"));
    } else {
      got.append(element("h4", {}, "Answer"), element("p", {}, entry.status === undefined ? "Not answered yet." :
        "None: the connection was closed."));
    }
    const about = `Request ${entry.number}, ${iso(entry.at)}, HTTP/${entry.http}, connection ${entry.connection}`;
    return [
      element("div", { className: "sides" }, sent, got),
      element("p", { className: "quiet" }, about),
      element("div", { className: "toolbar" }, button("Set a fault for such requests", () => prepareFault(entry))),
    ];
  },
);

function bodyTitle(title, body) {
  const shown = body.body.length;
  return body.bodyBytes > 16384 && shown ? `${title} (the first 16 KiB of ${body.bodyBytes} bytes)` : title;
}

function matches(entry, filter) {
  const status = String(entry.status);
  const wanted = filter.elements.status.value;
  if (wanted === "fault" && !entry.fault) return false;
  if (wanted === "none" && entry.answer) return false;
  if (/^\d/.test(wanted) && !(status.startsWith(wanted) && entry.answer)) return false;
  const words = filter.elements.words.value.toLowerCase().split(/\s+/).filter(Boolean);
  const parts = [entry.method, entry.path, entry.raw_query, entry.operation, status, entry.body];
  const text = parts.concat(entry.answer && entry.answer.body).join(" ").toLowerCase();
  return words.every((word) => text.includes(word));
}

function filterRequests() {
  let shown = 0;
  for (const { details, item } of requests.rows.values()) {
    details.hidden = !matches(item, byId("filter"));
    if (!details.hidden) shown += 1;
  }
  const { first, last } = status.requests;
  const recorded = last - first + 1;
  byId("requests-count").textContent = recorded === 0
    ? "No request yet. Make one in a shell that has read the mock's lines, for example: cmr users"
    : `${shown} shown of ${requests.rows.size} on this page; the mock has recorded ${recorded}. The newest is first.`;
}

// Gets the new requests. Also gets again the requests that had no answer at the last load.
async function loadRequests() {
  if (byId("pause").getAttribute("aria-pressed") === "true") return;
  let after = -1;
  for (const [number, { item }] of requests.rows) {
    if (item.status === undefined && number > status.requests.last - FETCH_ROWS) {
      after = number - 1;
      break;
    }
    after = number;
  }
  const entries = await call("GET", "requests", { after: Math.max(after, 0), limit: FETCH_ROWS, masked: true });
  for (const entry of list(entries)) {
    requests.put(entry.number, entry);
    if (entry.operation) suggest("operations", entry.operation);
  }
  for (const number of [...requests.rows.keys()].filter((key) => key < status.requests.first)) {
    requests.rows.get(number).details.remove();
    requests.rows.delete(number);
  }
  filterRequests();
}

// Events

let formats = []; // the names of the signature formats

function stateOf(delivery) {
  const kind = { delivered: "good", failed: "bad", pending: "warn" }[delivery.state];
  return element("span", { className: kind }, delivery.state);
}

function options(values, chosen) {
  return values.map((value) => element("option", { value, selected: value === chosen }, value));
}

const deliveries = new Rows(
  byId("delivery-list"),
  "delivery",
  (delivery) => [
    element("span", { className: "quiet" }, String(delivery.id)),
    element("span", { className: "mono" }, delivery.event),
    stateOf(delivery),
    element("span", { className: "mono url" }, delivery.url),
    element("span", { className: "badges" }, delivery.attempts.length ? badge(`attempts: ${delivery.attempts.length}`, "quiet") : "",
      delivery.assumed ? badge("assumed", "quiet") : ""),
  ],
  (delivery) => {
    const attempts = list(delivery.attempts).map((attempt) =>
      element("li", {}, time(attempt.at), ` ${attempt.status ? `was answered with ${attempt.status}` : attempt.error}`));
    if (delivery.dueAt) attempts.push(element("li", {}, "The next one is due at ", time(delivery.dueAt), "."));
    const format = element("select", { "aria-label": "Signature format" }, ...options(formats, delivery.signatureFormat));
    const actions = [
      button("Resend", () => act(`Delivery ${delivery.id} is sent again.`, "POST", "deliveries",
        { id: delivery.id, signatureFormat: format.value })),
      format,
    ];
    if (delivery.state === "pending") {
      actions.push(button("Fail for good", () => act(`Delivery ${delivery.id} has failed.`, "POST", "deliveries",
        { id: delivery.id, fail: true })));
    }
    return [
      element("h4", {}, "Body"),
      box(pretty(delivery.body), "Body"),
      element("h4", {}, "Assumed"),
      element("p", {}, delivery.assumed || "Nothing: all members of its data are documented."),
      element("h4", {}, "Attempts"),
      attempts.length ? element("ol", {}, ...attempts) : element("p", {}, "None yet."),
      element("div", { className: "toolbar" }, ...actions),
    ];
  },
);

async function loadDeliveries() {
  const found = list(await call("GET", "deliveries", { limit: FETCH_ROWS, masked: true }));
  for (const delivery of found) deliveries.put(delivery.id, { ...delivery, attempts: list(delivery.attempts) });
  byId("deliveries-count").textContent = found.length
    ? "The newest is first. Retries follow the mock's clock."
    : "No delivery yet. An event needs a destination, for example the URL of cmr listen.";
}

const destinations = new Map();

function makeDestination(destination) {
  const format = element("select", { name: "signatureFormat" }, ...options(formats, destination.signatureFormat));
  const actionId = element("input", { type: "checkbox", name: "actionId" });
  const fail = element("input", { type: "number", name: "fail", min: 0, required: true });
  const form = element("form", { className: "destination" },
    element("div", { className: "mono" }, destination.url),
    element("div", { className: "toolbar" },
      element("label", {}, "Signature format", format),
      element("label", {}, "Next attempts that fail", fail),
      element("label", { className: "check" }, actionId, "Data has the call's actionId"),
      element("button", {}, "Change"),
      button("Remove", async () => {
        if (await act("The destination is removed.", "DELETE", "webhooks", { id: destination.id })) byId("events-title").focus();
      })));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    act("The destination is changed. It applies to later events.", "POST", "webhooks",
      { id: destination.id, signatureFormat: format.value, actionId: actionId.checked, fail: Number(fail.value) });
  });
  return { form, format, actionId, fail };
}

async function loadDestinations() {
  const found = list(await call("GET", "webhooks"));
  for (const destination of found) {
    const known = destinations.get(destination.id) || makeDestination(destination);
    if (!destinations.has(destination.id)) byId("destinations").append(known.form);
    destinations.set(destination.id, known);
    if (known.form.contains(document.activeElement)) continue; // the user may be changing it
    known.format.value = destination.signatureFormat;
    known.actionId.checked = destination.actionId;
    known.fail.value = destination.fail;
  }
  for (const [id, known] of destinations) {
    if (found.some((destination) => destination.id === id)) continue;
    known.form.remove();
    destinations.delete(id);
  }
}

// Data and controls

const yes = (value) => (value ? "yes" : "no");
const COLUMNS = {
  users: {
    User: (user) => user.userId,
    Name: ({ profile }) => [profile.firstName, profile.lastName].filter(Boolean).join(" "),
    Email: (user) => user.profile.email,
    Company: (user) => user.profile.company,
    Platforms: (user) => list(user.credentials).map((one) => `${one.app} (${one.email})`).join(", "),
  },
  domains: {
    Domain: (domain) => domain.domainName,
    Id: (domain) => domain.domainId,
    User: (domain) => domain.userId,
    Status: (domain) => domain.status,
    "Expires on": (domain) => moment(domain.expireOn),
    "Auto-renewal": (domain) => yes(domain.autoRenew),
  },
  mailboxes: {
    Email: (mailbox) => mailbox.email,
    Id: (mailbox) => mailbox.mailboxId,
    Name: (mailbox) => `${mailbox.firstName} ${mailbox.lastName}`,
    Subscription: (mailbox) => mailbox.subscriptionId,
    Status: (mailbox) => mailbox.status,
    Warmup: (mailbox) => mailbox.warmup,
  },
  subscriptions: {
    Subscription: (subscription) => subscription.subscriptionId,
    Domain: (subscription) => subscription.domain,
    Provider: (subscription) => subscription.serviceProvider,
    Status: (subscription) => subscription.status,
    Mailboxes: (subscription) => String(subscription.mailboxes),
    "Paid until": (subscription) => moment(subscription.periodEnd),
    "Auto-renewal": (subscription) => yes(subscription.autoRenew),
  },
  orders: {
    Order: (order) => order.orderId,
    User: (order) => order.userId,
    Status: (order) => order.status,
  },
  quotas: {
    Mailbox: (quota) => quota.email,
    Id: (quota) => quota.mailboxId,
    Used: (quota) => String(quota.used),
    Left: (quota) => String(quota.left),
    "One more at": (quota) => moment(quota.nextAt),
  },
  faults: {
    Matches: ({ match }) => lines(match) || "any request",
    Requests: (fault) => String(fault.times),
    Status: (fault) => (fault.status === undefined ? "" : String(fault.status)),
    Delay: (fault) => (fault.delay ? `${fault.delay} s` : ""),
    Connection: (fault) => ({ true: "closes before", after: "closes after" })[fault.close] || "answers",
  },
};

const shownLists = {}; // the text of each list on the page; an unchanged list is not made again

async function loadList(name) {
  const items = list(await call("GET", name, { limit: FETCH_ROWS }));
  const text = JSON.stringify(items);
  if (shownLists[name] === text) return;
  shownLists[name] = text;
  const columns = Object.entries(COLUMNS[name]);
  const head = columns.map(([label]) => element("th", { scope: "col", role: "columnheader" }, label));
  const rows = items.reverse().map((item) => element("tr", { role: "row" }, ...columns.map(([label, show]) =>
    element("td", { role: "cell", "data-label": label }, element("span", {}, show(item) || "–")))));
  document.querySelector(`[data-list=${name}]`).replaceChildren(items.length === 0
    ? element("p", { className: "quiet" }, "None.")
    : element("table", { role: "table", "aria-label": name },
      element("thead", { role: "rowgroup" }, element("tr", { role: "row" }, ...head)),
      element("tbody", { role: "rowgroup" }, ...rows)));
  for (const item of items) {
    if (name === "users") suggest("userId", item.userId);
    if (name === "mailboxes") suggest("mailboxId", item.mailboxId);
  }
}

function suggest(id, value) {
  const known = [...byId(id).children].some((option) => option.value === value);
  if (!known && byId(id).children.length < FETCH_ROWS) byId(id).append(element("option", { value }));
}

function label(name) {
  const words = name.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
  return words[0].toUpperCase() + words.slice(1);
}

const HINTS = {
  expiresIn: "seconds; default: a year",
  advance: "seconds",
  speed: "1 is real time",
  rate: "requests per second; 0: no limit",
  fail: "0",
  url: "http://127.0.0.1:8080/hook",
};

function input(field) {
  const common = { name: field.name, required: field.required };
  if (field.type === "boolean") {
    return element("select", common, ...["", "true", "false"].map((value) =>
      element("option", { value }, { "": "default", true: "yes", false: "no" }[value])));
  }
  if (field.values) {
    return element("select", common, field.required ? "" : element("option", { value: "" }, "default"),
      ...options(field.values));
  }
  const isNumber = field.type === "number";
  return element("input", { ...common, type: isNumber ? "number" : "text", step: isNumber ? "any" : null,
    placeholder: HINTS[field.name] || (field.required ? "" : "default"), autocomplete: "off",
    list: field.name === "userId" || field.name === "mailboxId" ? field.name : null });
}

// Reads a form's controls. Omits empty controls.
function read(form, fields) {
  const values = {};
  for (const { name, type } of fields) {
    const { value } = form.elements[name];
    if (value === "") continue;
    values[name] = type === "number" ? Number(value) : type === "boolean" ? value === "true" : value;
  }
  return values;
}

// Makes the form of a control call in the element that names the call.
function makeForm(place, calls) {
  const [method, name] = place.dataset.call.split(" ");
  const { fields, effect } = calls.find((one) => one.method === method && one.path.endsWith(`/${name}`));
  const wanted = place.dataset.fields && place.dataset.fields.split(" ");
  const shown = wanted ? wanted.map((field) => fields.find((one) => one.name === field)) : fields;
  const form = element("form", { className: "fields" },
    ...shown.map((field) => element("label", {}, label(field.name), input(field))),
    element("div", {}, element("button", {}, place.dataset.button)));
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (await act(`Done: ${effect}.`, method, name, read(form, shown))) form.reset();
  });
  place.append(form);
}

function prepareFault(entry) {
  const { elements } = byId("fault");
  elements.operation.value = entry.operation || "";
  elements.method.value = entry.operation ? "" : entry.method;
  elements.path.value = entry.operation ? "" : entry.path;
  location.hash = "controls";
  elements.status.value = elements.status.value || "503";
  setTimeout(() => elements.status.focus());
}

async function addFault(event) {
  event.preventDefault();
  const form = event.target;
  const match = read(form, ["operation", "method", "path"].map((name) => ({ name })));
  const fault = read(form, [{ name: "body" }].concat(["times", "status", "delay"].map((name) => ({ name, type: "number" }))));
  const { close, headers } = form.elements;
  if (close.value) fault.close = close.value === "true" ? true : close.value;
  const named = headers.value.split("\n").map((line) => line.match(/^\s*([^:\s]+)\s*:\s*(.*?)\s*$/)).filter(Boolean);
  if (named.length) fault.headers = Object.fromEntries(named.map(([, name, value]) => [name, value]));
  if (Object.keys(match).length) fault.match = match;
  if (await act("The fault waits for the next matching request.", "POST", "faults", fault)) form.reset();
}

// The page as a whole

const VIEWS = { // the lists in each view
  requests: [],
  events: [],
  data: ["users", "domains", "mailboxes", "subscriptions", "orders", "quotas"],
  controls: ["faults"],
};

let status = { requests: { first: 1, last: 0, finished: 0 } };
let seen = {}; // the counts at the last load of the requests and of the deliveries
let view = "requests";
let wake = () => {};
const refreshSoon = () => wake();

function chooseView() {
  const chosen = location.hash.slice(1);
  view = VIEWS[chosen] ? chosen : "requests";
  for (const name of Object.keys(VIEWS)) byId(`view-${name}`).hidden = name !== view;
  for (const link of document.querySelectorAll("nav a")) {
    if (link.hash === `#${view}`) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  refreshSoon();
}

function showStatus() {
  byId("now").textContent = moment(iso(status.now));
  byId("speed").textContent = `${status.speed} ×`;
  byId("balance").textContent = status.balance.toLocaleString("en");
  byId("rate").textContent = status.rate === 0 ? "none" : `${status.rate} / s (${status.window})`;
}

async function refresh() {
  const before = status.resets;
  status = await call("GET", "status");
  if (before !== undefined && before !== status.resets) {
    requests.clear();
    deliveries.clear();
    seen = {};
  }
  showStatus();
  const shown = view;
  const counts = { requests: JSON.stringify(status.requests), deliveries: status.deliveries };
  if (shown === "requests" && seen.requests !== counts.requests) {
    seen.requests = counts.requests;
    await loadRequests();
  }
  if (shown === "events") await loadDestinations();
  if (shown === "events" && seen.deliveries !== counts.deliveries) {
    seen.deliveries = counts.deliveries;
    await loadDeliveries();
  }
  for (const name of VIEWS[shown]) await loadList(name);
}

async function poll() {
  for (;;) {
    let problem = "";
    try {
      await refresh();
    } catch (error) {
      problem = `The mock does not answer (${error.message}). If it was started again, open its new address.`;
    }
    byId("connection").hidden = problem === "";
    if (byId("connection").textContent !== problem) byId("connection").textContent = problem;
    await new Promise((resolve) => {
      wake = resolve;
      setTimeout(() => (document.hidden ? null : resolve()), POLL_INTERVAL_MS);
    });
  }
}

async function start() {
  window.addEventListener("hashchange", () => {
    chooseView();
    byId(`${view}-title`).focus();
  });
  document.addEventListener("visibilitychange", refreshSoon);
  byId("filter").addEventListener("input", filterRequests);
  byId("filter").addEventListener("submit", (event) => event.preventDefault());
  byId("pause").addEventListener("click", ({ target }) => {
    const isPaused = target.getAttribute("aria-pressed") !== "true";
    target.setAttribute("aria-pressed", String(isPaused));
    seen = {};
    refreshSoon();
  });
  byId("steps").addEventListener("click", ({ target }) => {
    const seconds = Number(target.dataset.advance);
    if (seconds) act(`The clock is advanced: ${target.textContent.replace("+ ", "")}.`, "POST", "clock", { advance: seconds });
  });
  byId("fault").addEventListener("submit", addFault);
  byId("remove-faults").addEventListener("click", () => act("All faults are removed.", "DELETE", "faults"));
  chooseView();
  try {
    const calls = await call("GET", "");
    formats = calls.flatMap((one) => one.fields).find((field) => field.name === "signatureFormat").values;
    for (const place of document.querySelectorAll("[data-call]")) makeForm(place, calls);
  } catch (error) {
    notice(`The forms could not be made: ${error.message}.`, true);
  }
  poll();
}

start();
