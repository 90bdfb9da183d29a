// Draws the snapshots of the demo's server and posts what is clicked. The kiosk in the frame is the real one.

import { eventText, languageName, setLanguage, text } from "./words.js";

const FRAME = { width: 760, height: 1340 }; // an upright touch screen, shrunk to the space there is
const node = (id) => document.getElementById(id);
let state = null;
let menuDoor = null;
let drawn = "";
let newest = 0;

function element(tag, classes = "", ...children) {
  const made = document.createElement(tag);
  made.className = classes;
  made.append(...children.filter((child) => child !== null && child !== undefined));
  return made;
}

function button(classes, label, press) {
  const made = element("button", classes, label);
  made.type = "button";
  made.addEventListener("click", press);
  return made;
}

async function act(name, values = {}) {
  try {
    const answer = await fetch("/act", { method: "POST", headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ act: name, ...values }) });
    const said = answer.ok ? await answer.json() : { ok: false, error: await answer.text() };
    if (!said.ok) {
      toast(said.error);
    }
  } catch (error) {
    toast(String(error));
  }
}

let toastTimer = 0;
function toast(words) {
  node("toast").textContent = words;
  node("toast").hidden = false;
  clearTimeout(toastTimer);
  toastTimer = setTimeout(() => { node("toast").hidden = true; }, 5000);
}

const short = (item) => item.slice(-4);
const find = (door) => state.doors.find((one) => one.name === door);

// --- the cabinet ----------------------------------------------------------------------------------------------------

const UNITS = { S: 1, M: 1.5, L: 2, XL: 3 };
const COLUMN = 6; // units of height in a column

function buildWing(bank) {
  const columns = [];
  let height = COLUMN;
  for (const door of state.doors.filter((one) => one.bank === bank)) {
    if (height >= COLUMN) {
      columns.push(element("div", "column"));
      height = 0;
    }
    height += UNITS[door.size];
    columns.at(-1).append(buildDoor(door));
  }
  document.querySelector(`.wing[data-bank=${bank}] .doors`).replaceChildren(...columns);
}

function buildDoor(door) {
  const inside = element("div", "inside", element("div", "letter"));
  const front = element("div", "front", element("span", "label", door.name), element("span", "size", door.size),
    element("span", "led"), element("span", "sensor"), element("span", "ghost"), element("span", "tags"));
  const made = element("div", "bay", inside, front);
  made.id = "door-" + door.name;
  made.tabIndex = 0;
  made.setAttribute("role", "button");
  made.style.flexGrow = UNITS[door.size];
  made.addEventListener("click", () => openMenu(door.name));
  made.addEventListener("keydown", (event) => event.key === "Enter" && openMenu(door.name));
  return made;
}

function drawDoor(door) {
  const made = node("door-" + door.name);
  made.classList.toggle("open", door.open);
  made.classList.toggle("full", door.item !== null);
  made.classList.toggle("pulled", door.relay);
  made.classList.toggle("asks", state.screen?.door === door.name && door.open);
  made.classList.toggle("seen-open", !door.shut_input);
  made.querySelector(".letter").textContent = door.item ? short(door.item) : "";
  made.querySelector(".ghost").textContent = door.item ? short(door.item) : "";
  const tags = [["jam", "door.jam"], ["sensor-stuck", "door.wire"]].filter(([fault]) => door.faults.includes(fault));
  made.querySelector(".tags").replaceChildren(...tags.map(([, key]) => element("i", "", text(key))));
  made.setAttribute("aria-label", `${door.name} ${text(door.open ? "door.open" : "door.shut")}`);
}

function drawWing(board) {
  const wing = document.querySelector(`.wing[data-bank=${board.name}]`);
  const unplugged = board.line === "RTU" && !state.adapter;
  const trouble = !board.power ? "board.off" : unplugged ? "board.unplugged" : null;
  wing.classList.toggle("dead", trouble !== null);
  wing.querySelector(".plate").replaceChildren(element("span", "", text("bank." + board.name)),
    element("b", "", trouble ? text(trouble) : ""));
}

// What may be done to a door that stands open, for the strip below the screen and for the menu.
function handsOn(door) {
  const row = [];
  if (door.item) {
    row.push(button("hand take", text("do.take", { item: short(door.item) }), () => act("take", { door: door.name })));
  } else {
    const free = state.items.filter((item) => !item.inside && ["expected", "at_window"].includes(item.custody));
    const first = free.find((item) => item.item === state.last_scanned) ?? free[0];
    if (first) {
      row.push(button("hand put", text("do.put", { item: short(first.item) }),
        () => act("put", { door: door.name, item: first.item })));
    }
  }
  row.push(button("hand close", text("do.close"), () => act("close", { door: door.name })));
  return row;
}

function drawHands() {
  const open = state.doors.filter((door) => door.open);
  const rows = open.map((door) => element("div", "open-door", element("b", "", door.name), ...handsOn(door)));
  node("hands").replaceChildren(...(rows.length > 0 ? rows : [element("p", "quiet", text("hands.empty"))]));
}

// --- a door's menu --------------------------------------------------------------------------------------------------

function openMenu(door) {
  menuDoor = menuDoor === door ? null : door;
  drawMenu();
}

function faultButton(door, fault, name, keyOn, keyOff) {
  const on = door.faults.includes(fault);
  return button("", text(on ? keyOff : keyOn), () => act(name, { door: door.name, on: !on }));
}

function drawMenu() {
  const menu = node("menu");
  const door = menuDoor && find(menuDoor);
  menu.hidden = !door;
  if (!door) {
    return;
  }
  const facts = [text(door.open ? "door.open" : "door.shut"), text("door.count", { count: door.openings })];
  const head = element("div", "head", element("b", "", door.name), element("span", "", `${door.size} · ${facts.join(" · ")}`));
  const rows = door.open ? handsOn(door) : [
    button("", text("do.push"), () => act("push", { door: door.name })),
    button("danger", text("do.force"), () => act("force", { door: door.name }))];
  menu.replaceChildren(head, ...rows, faultButton(door, "jam", "jam", "do.jam", "do.unjam"),
    faultButton(door, "sensor-stuck", "sensor", "do.cut", "do.uncut"));
  const box = node("door-" + door.name).getBoundingClientRect();
  const left = box.right + 8 + menu.offsetWidth < innerWidth ? box.right + 8 : box.left - 8 - menu.offsetWidth;
  menu.style.left = `${Math.max(8, left)}px`;
  menu.style.top = `${Math.max(8, Math.min(box.top, innerHeight - menu.offsetHeight - 8))}px`;
}

document.addEventListener("click", (event) => {
  if (menuDoor && !event.target.closest(".bay") && !event.target.closest("#menu")) {
    menuDoor = null;
    drawMenu();
  }
});
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") {
    menuDoor = null;
    drawMenu();
  }
});

// --- items, trouble, the postal side --------------------------------------------------------------------------------

function itemRow(item) {
  const custody = item.custody ?? "none";
  const name = languageName() === "zh" ? item.zh : item.en;
  const place = custody === "in_locker" && item.inside ? text("item.inside", { door: item.inside }) : text("state." + custody);
  const head = element("div", "line", element("b", "", item.item), element("span", "what", `${name} · ${item.size}`));
  const more = element("div", "line more");
  if (custody !== "expected") {
    head.append(element("span", "chip " + custody, place));
  }
  if (custody === "in_locker") {
    if (item.code) {
      more.append(element("span", "sms", text("item.sms"), element("b", "", `${item.code.slice(0, 4)} ${item.code.slice(4)}`)));
    }
    more.append(button("scan qr", text("item.qr"), () => act("scan", { what: "qr", item: item.item })));
  } else if (["expected", "at_window"].includes(custody)) {
    head.append(button("scan barcode", text("item.barcode"), () => act("scan", { what: "barcode", item: item.item })));
  }
  return element("div", "item " + custody, head, more.childNodes.length > 0 ? more : null);
}

const RANK = { in_locker: 0, expected: 1, none: 1, unknown: 2, at_window: 3, returned: 4, collected: 4 };

function drawItems() {
  const rank = (item) => RANK[item.custody ?? "none"];
  const rows = [...state.items].sort((a, b) => rank(a) - rank(b)).map(itemRow);
  const scrolled = node("items").scrollTop;
  node("items").replaceChildren(...rows);
  node("items").scrollTop = scrolled;
}

function flip(name, on, press) {
  const word = text((on ? "on." : "off.") + name);
  const made = button("switch " + (on ? "on" : "off"), "", press);
  made.append(element("span", "dot"), element("span", "name", text("switch." + name)), element("b", "", word));
  made.setAttribute("aria-pressed", String(on));
  made.title = text("tip." + name).startsWith("tip.") ? "" : text("tip." + name);
  return made;
}

function drawSwitches() {
  const power = (name) => state.boards.find((board) => board.name === name).power;
  node("switches").replaceChildren(
    flip("broker", state.broker, () => act("broker", { on: !state.broker })),
    flip("daemon", state.daemon, () => act("daemon", { how: state.daemon ? "kill" : "start" })),
    flip("A", power("A"), () => act("power", { board: "A", on: !power("A") })),
    flip("B", power("B"), () => act("power", { board: "B", on: !power("B") })),
    flip("adapter", state.adapter, () => act("adapter", { on: !state.adapter })),
    button("switch", text("switch.rubbish"), () => act("scan", { what: "rubbish" })));
}

function drawPostal() {
  const presence = !state.broker ? "cut" : state.presence ?? "none";
  node("presence").className = presence;
  node("presence").textContent = text("presence." + presence);
  const rows = [...state.events].reverse().map((event) => {
    const kind = event.type.split(".")[0];
    const row = element("li", kind + (event.data.alarm ? " alarm" : "") + (event.seq > newest ? " fresh" : ""),
      element("span", "seq", String(event.seq)), element("span", "what", eventText(event.type, event.data)),
      element("time", "", new Date(event.time).toLocaleTimeString("en-GB")));
    row.title = `${event.type} ${JSON.stringify(event.data)}`;
    return row;
  });
  newest = state.events.at(-1)?.seq ?? 0;
  node("events").replaceChildren(...(rows.length > 0 ? rows : [element("li", "quiet", text("events.none"))]));
}

// --- what to try next -----------------------------------------------------------------------------------------------

const HINT_OF_SCREEN = {
  staff_menu: ["deposit", "kiosk"], scan: ["scan", "barcode"], size: ["size", "kiosk"], put_opening: ["opening", ""],
  put: ["put", "hands"], put_back: ["put_back", "hands"], placed: ["placed", "barcode"], put_jam: ["jam", ""],
  opening: ["opening", ""], take: ["take", "hands"], taken: ["taken", ""], jam: ["jam", ""], notice: ["notice", "kiosk"],
  recall_list: ["recall_list", "kiosk"], recall_opening: ["opening", ""], recall_take: ["take", "hands"],
  recall_taken: ["taken", ""], recall_jam: ["jam", ""],
};

// The item is where it belongs, only the door is still open.
function isHalfDone() {
  const door = find(state.screen.door);
  const putting = state.screen.screen === "put";
  return Boolean(door?.open) && (putting ? door.item !== null : door.item === null && state.screen.screen.endsWith("take"));
}

// What to try now: the text, what glows, and which door it is about unless it is the screen's.
function hint() {
  if (!state.daemon) {
    return ["daemon", "daemon"];
  }
  if (state.screen && state.screen.screen !== "home") {
    return isHalfDone() ? ["close", "shut"] : HINT_OF_SCREEN[state.screen.screen] ?? ["notice", "kiosk"];
  }
  const open = state.doors.find((door) => door.open);
  if (open) {
    return ["close", "shut", open.name];
  }
  if (state.locked) {
    return ["locked", ""];
  }
  return state.items.some((item) => item.custody === "in_locker") ? ["pickup", "qr"] : ["badge", "badge"];
}

function drawHint() {
  const [key, where, door] = hint();
  node("hint-text").textContent = text("hint." + key, { door: door ?? state.screen?.door });
  document.body.dataset.hint = where;
}

// --- all of it ------------------------------------------------------------------------------------------------------

function drawTexts() {
  document.documentElement.lang = languageName() === "zh" ? "zh-CN" : "en";
  for (const place of document.querySelectorAll("[data-text]")) {
    place.textContent = text(place.dataset.text);
  }
  node("language").textContent = text("other");
  node("courier-facts").textContent = text("courier_facts", state.courier);
}

function once() {
  for (const bank of ["A", "B"]) {
    buildWing(bank);
  }
  node("kiosk").src = state.kiosk;
  node("badge").addEventListener("click", () => act("scan", { what: "badge" }));
  node("announce").addEventListener("click", () => act("announce"));
  fitScreen();
}

// Parts that did not change are left alone, so that nothing is rebuilt under a finger.
const PARTS = [
  [(s) => s.doors.concat(s.screen), () => state.doors.forEach(drawDoor)],
  [(s) => [s.boards, s.adapter], () => state.boards.forEach(drawWing)],
  [(s) => [s.doors.filter((d) => d.open), s.items, s.last_scanned], drawHands],
  [(s) => [s.doors, s.items], drawMenu],
  [(s) => s.items, drawItems],
  [(s) => [s.boards, s.adapter, s.broker, s.daemon], drawSwitches],
  [(s) => [s.events, s.presence, s.broker], drawPostal],
  [(s) => [s.screen, s.daemon, s.locked, s.items, s.doors], drawHint],
];
const was = [];

function draw() {
  if (!state) {
    return;
  }
  if (drawn !== languageName()) {
    drawTexts();
    was.length = 0;
    drawn = languageName();
  }
  PARTS.forEach(([part, paint], index) => {
    const now = JSON.stringify(part(state));
    if (was[index] !== now) {
      was[index] = now;
      paint();
    }
  });
}

function fitScreen() {
  const box = document.querySelector(".screen");
  const frame = node("kiosk");
  const scale = Math.min(box.clientWidth / FRAME.width, box.clientHeight / FRAME.height);
  frame.style.width = `${FRAME.width}px`;
  frame.style.height = `${Math.round(box.clientHeight / scale)}px`;
  frame.style.left = `${(box.clientWidth - FRAME.width * scale) / 2}px`;
  frame.style.transform = `scale(${scale})`;
}

function listen() {
  const stream = new EventSource("/events");
  stream.addEventListener("message", (event) => {
    const first = state === null;
    state = JSON.parse(event.data);
    node("gone").hidden = true;
    if (first) {
      once();
    }
    draw();
  });
  stream.addEventListener("error", () => { node("gone").hidden = false; });
}

setLanguage(localStorage.getItem("language") ?? (navigator.language.startsWith("zh") ? "zh" : "en"));
node("language").addEventListener("click", () => {
  setLanguage(languageName() === "zh" ? "en" : "zh");
  localStorage.setItem("language", languageName());
  draw();
});
addEventListener("resize", () => { fitScreen(); drawMenu(); });
listen();
