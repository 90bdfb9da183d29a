// The kiosk: takes snapshots from the daemon's stream, draws them by the table of screens.js, posts what a person does.
// It recovers by itself: no stream or no tick for WATCHDOG_MS means an overlay and a reload as soon as "/" answers again,
// which also fetches the new boot's token.

import { duration, element, getLanguage, icon, setLanguage, setMessages, text } from "./parts.js";
import { SCREENS } from "./screens.js";

const WATCHDOG_MS = 15000;
const RETRY_MS = 2000;
const ACT_TIMEOUT_MS = 12000;
const TYPING_IDLE_MS = 30000; // a half-typed code is nobody's business after that
const HOME_IDLE_MS = 60000; // the home page falls back to Chinese and to the code pad
const SHOW_LEFT_MS = 30000; // the last seconds of a screen are counted aloud
const TOAST_MS = 6000;
const TYPED_MAX = 256;
const TAIL = 4; // digits of a phone number
// Screens on which staff, too, type digits that are checked, and the one where a citizen types what is no code.
const ASKS_DIGITS = ["hand_over"];
const ASKS_TEXT = ["drop_case"];
// Lists that are fetched for a screen.
const LISTS = { recall_list: "/api/v1/recalls", receipt: "/api/v1/receipt" };

const meta = (name) => document.querySelector(`meta[name="locker-${name}"]`).content;
const node = (id) => document.getElementById(id);
const token = meta("token");
const phone = meta("phone");

let source = null;
let lastHeard = performance.now();
let lost = false;
let busy = false;
let scanned = null; // read while the last act still waited for its answer
let shownAt = 0; // when the view's durations were true
let lastTouch = performance.now();

const NO_LOCAL = { staffPad: false, field: "staff", staff: "", pin: "", letters: false, manual: false };

// What the renderers may see and do.
const kiosk = {
  view: null,
  rows: null, // of the list on the screen
  typed: "",
  digits: Number(meta("digits")) || 8,
  local: { ...NO_LOCAL },

  isCode: () => asksDigits() && /^[0-9]*$/.test(kiosk.typed) && kiosk.typed.length <= digitsMost(),
  // What the field shows: typed digits, or dots for those of a keypad beside the screen.
  shownDigits: () => kiosk.typed === "" ? "●".repeat(kiosk.view.keyed) : kiosk.isCode() ? kiosk.typed : "",
  keys: { press: (c) => press(c), erase: () => erase(), clear: () => clearTyped() },
  enter: () => enter(),
  act: (body, thanks) => act(body, thanks),
  phoneLine: () => element("p.phone", {}, helpLine()),
  openStaffPad: () => setLocal({ staffPad: true }),
  closeStaffPad: () => setLocal({ ...NO_LOCAL }),
  pickField: (field) => setLocal({ field }),
  toggleLetters: () => setLocal({ letters: !kiosk.local.letters }),
  openManual: () => setLocal({ manual: true }),
  signIn: () => signIn(),
};

// Digits typed here are a code or a phone tail; elsewhere everything typed is a barcode.
function asksDigits() {
  const { screen, role } = kiosk.view;
  return ASKS_DIGITS.includes(screen) || (role === "system" && !ASKS_TEXT.includes(screen));
}

function digitsMost() {
  return kiosk.view.screen === "second" ? TAIL : kiosk.digits;
}

function helpLine() {
  return phone ? text("kiosk.help_phone", { phone }) : text("kiosk.help_desk");
}

function setLocal(change) {
  Object.assign(kiosk.local, change);
  draw();
}

// --- drawing --------------------------------------------------------------------------------------------------------

function remaining(name) {
  const ms = kiosk.view[name + "_ms"];
  return ms < 0 ? -1 : Math.max(0, ms - (performance.now() - shownAt));
}

function drawBanner() {
  const view = kiosk.view;
  const banner = node("banner");
  banner.hidden = view.open_door === "";
  banner.replaceChildren();
  if (!banner.hidden) {
    banner.append(icon("warning"), element("span", {}, text("kiosk.left_open", { door: view.open_door })));
  }
}

function drawCountdowns() {
  if (!kiosk.view) {
    return;
  }
  const left = remaining("left");
  const show = left > 0 && (left <= SHOW_LEFT_MS || kiosk.view.screen === "taken");
  node("left").textContent = show ? text("kiosk.left", { time: duration(left) }) : "";
  for (const place of document.querySelectorAll("[data-countdown=locked]")) {
    place.textContent = text("notice.locked", { time: duration(remaining("locked")) });
  }
}

function draw() {
  if (!kiosk.view) {
    return;
  }
  const main = node("screen");
  const focused = main.contains(document.activeElement) ? document.activeElement.dataset.id : null;
  const scrolled = main.querySelector(".list")?.scrollTop ?? 0;
  main.replaceChildren(SCREENS[kiosk.view.screen](kiosk));
  main.dataset.screen = kiosk.view.screen;
  main.querySelector(".list")?.scrollTo(0, scrolled);
  if (focused) {
    main.querySelector(`[data-id="${CSS.escape(focused)}"]`)?.focus();
  }
  document.body.classList.toggle("busy", busy);
  main.setAttribute("aria-busy", String(busy));
  node("language").textContent = text("kiosk.other_language");
  node("language").lang = getLanguage() === "zh" ? "en" : "zh-CN";
  node("help").textContent = helpLine();
  drawBanner();
  drawCountdowns();
}

function announce() {
  const parts = [...node("screen").querySelectorAll("h1, .panel p, .card p")].filter((part) => !part.closest(".list"));
  node("announce").textContent = parts.map((part) => part.textContent).join(" ");
}

let toasted = 0;
function toast(key) {
  const box = node("toast");
  box.textContent = text(key);
  box.hidden = false;
  clearTimeout(toasted);
  toasted = setTimeout(() => {
    box.hidden = true;
  }, TOAST_MS);
}

// --- what the daemon says -------------------------------------------------------------------------------------------

function isNewPerson(before, view) {
  return before !== null && view.screen === "home" && before.screen !== "home";
}

function take(view) {
  const before = kiosk.view;
  const moved = before === null || before.screen !== view.screen || before.door !== view.door;
  const news = moved || before.reason !== view.reason;
  kiosk.view = view;
  shownAt = performance.now();
  if (moved) {
    kiosk.typed = "";
    kiosk.local = { ...NO_LOCAL };
    kiosk.rows = null;
  }
  if (isNewPerson(before, view)) {
    changeLanguage("zh");
  }
  if (view.screen in LISTS) {
    loadRows();
  }
  draw();
  if (news) {
    announce();
  }
}

// A view that came meanwhile has asked again: only the newest answer counts.
let asked = 0;
async function loadRows() {
  const number = ++asked;
  let rows = { failed: true };
  try {
    const answer = await fetch(LISTS[kiosk.view.screen], { cache: "no-store" });
    rows = answer.ok ? await answer.json() : rows;
  } catch {
    // the list says that it cannot be had
  }
  if (number === asked) {
    kiosk.rows = rows;
    draw();
  }
}

function heard() {
  lastHeard = performance.now();
}

function listen() {
  source = new EventSource("/api/v1/events?token=" + encodeURIComponent(token));
  source.addEventListener("view", (event) => {
    heard();
    take(JSON.parse(event.data));
  });
  source.addEventListener("tick", heard);
  source.addEventListener("error", () => recover());
}

// The daemon is away, or has started anew. Nothing typed survives; nothing is sent until the page is fresh.
function recover() {
  if (lost) {
    return;
  }
  lost = true;
  source?.close();
  kiosk.typed = "";
  node("wait-phone").textContent = phone;
  node("wait").hidden = false;
  setTimeout(tryAgain, RETRY_MS / 2);
}

async function tryAgain() {
  try {
    const answer = await fetch("/", { cache: "no-store" });
    if (answer.ok) {
      location.reload();
      return;
    }
  } catch {
    // still away
  }
  setTimeout(tryAgain, RETRY_MS);
}

// --- what a person does ---------------------------------------------------------------------------------------------

function refusalShown(before) {
  return kiosk.view.screen === "notice" || kiosk.view !== before;
}

async function post(body) {
  const answer = await fetch("/api/v1/act", {
    method: "POST",
    headers: { "Content-Type": "application/json", "X-Locker-Token": token },
    body: JSON.stringify(body),
    signal: AbortSignal.timeout(ACT_TIMEOUT_MS),
  });
  return answer.json();
}

// A second touch of a button is no second wish; a second barcode is one, and a scanner is faster than an answer.
async function act(body, thanks) {
  if (lost) {
    return;
  }
  if (busy) {
    scanned = body.act === "scan" ? body : scanned;
    kiosk.typed = "";
    return;
  }
  const before = kiosk.view;
  busy = true;
  kiosk.typed = "";
  draw();
  try {
    const answer = await post(body);
    if (answer.result !== "ok") {
      // Most refusals come with a screen of their own; the others must not pass in silence.
      setTimeout(() => refusalShown(before) || toast("reason." + answer.reason), 300);
    } else if (thanks) {
      toast(thanks);
    }
  } catch {
    toast("kiosk.no_answer");
  }
  busy = false;
  draw();
  actOnScanned();
}

function actOnScanned() {
  const body = scanned;
  scanned = null;
  if (body) {
    act(body);
  }
}

function signIn() {
  const { staff, pin } = kiosk.local;
  if (staff !== "" && pin !== "") {
    kiosk.local.pin = "";
    act({ act: "sign_in", staff, pin });
  }
}

function field() {
  return kiosk.view.screen === "home" && kiosk.local.staffPad ? kiosk.local.field : null;
}

function press(character) {
  const name = field();
  if (name) {
    kiosk.local[name] = (kiosk.local[name] + character).slice(0, 32);
  } else if (kiosk.typed.length < TYPED_MAX && !(onKeypad() && kiosk.isCode() && kiosk.typed.length === digitsMost())) {
    kiosk.typed += character;
  }
  draw();
}

// A finger on the keypad cannot type more digits than a code has; a scanner that types can.
let fingers = false;
function onKeypad() {
  return fingers && asksDigits();
}

function erase() {
  const name = field();
  if (name) {
    kiosk.local[name] = kiosk.local[name].slice(0, -1);
  } else {
    kiosk.typed = kiosk.typed.slice(0, -1);
  }
  draw();
}

function clearTyped() {
  const name = field();
  if (name) {
    kiosk.local[name] = "";
  } else {
    kiosk.typed = "";
  }
  draw();
}

// Digits that could be a code are one where the screen asks for digits; everything else was scanned.
function enter() {
  if (field() === "staff" && kiosk.local.staff !== "") {
    setLocal({ field: "pin" });
  } else if (field() === "pin") {
    signIn();
  } else if (kiosk.typed !== "") {
    const typed = kiosk.typed;
    act(kiosk.isCode() ? { act: "code", code: typed } : { act: "scan", text: typed });
  }
}

function hasTyped() {
  return field() ? kiosk.local[field()] !== "" : kiosk.typed !== "";
}

function onKey(event) {
  if (!kiosk.view || lost || event.ctrlKey || event.altKey || event.metaKey) {
    return;
  }
  if (event.key.length === 1 && event.key !== " ") {
    press(event.key);
    event.preventDefault();
  } else if (event.key === "Enter" && hasTyped()) {
    enter();
    event.preventDefault();
  } else if (event.key === "Backspace") {
    erase();
  } else if (event.key === "Escape") {
    clearTyped();
  }
}

// --- language, idling, start ----------------------------------------------------------------------------------------

function changeLanguage(value) {
  setLanguage(value);
  sessionStorage.setItem("language", value);
}

function idle() {
  const quiet = performance.now() - lastTouch;
  if (!kiosk.view) {
    return;
  }
  if (quiet > TYPING_IDLE_MS && kiosk.typed !== "" && asksDigits()) {
    clearTyped();
  }
  if (kiosk.view.screen !== "home") {
    return;
  }
  if (quiet > HOME_IDLE_MS && (getLanguage() !== "zh" || kiosk.local.staffPad)) {
    changeLanguage("zh");
    kiosk.closeStaffPad();
  }
}

function onSecond() {
  drawCountdowns();
  idle();
  if (performance.now() - lastHeard > WATCHDOG_MS) {
    recover();
  }
}

function touched(event) {
  lastTouch = performance.now();
  fingers = event.type === "pointerdown" || (fingers && event.type === "click");
}

async function start() {
  for (const kind of ["pointerdown", "keydown"]) {
    document.addEventListener(kind, touched, { capture: true });
  }
  document.addEventListener("keydown", onKey);
  document.addEventListener("contextmenu", (event) => event.preventDefault());
  node("language").addEventListener("click", () => {
    changeLanguage(getLanguage() === "zh" ? "en" : "zh");
    draw();
    announce();
  });
  try {
    setMessages(await (await fetch("/messages.json", { cache: "no-store" })).json());
  } catch {
    recover();
    return;
  }
  setLanguage(sessionStorage.getItem("language") === "en" ? "en" : "zh");
  setInterval(onSecond, 500);
  listen();
}

start();
