// One snapshot per situation the kiosk can show, as the daemon would send it.

const staff = { role: "courier", staff: "c1001" };
const clerk = { role: "supervisor", staff: "s2001" };
const item = "1234567890123";
const all = ["sign_out"];
const long = { left_ms: 180000 };

export const OPEN = { name: "3", state: "open", at: "17:00", day: "today" };
const CLOSED = { name: "3", state: "closed", at: "09:00", day: "2026-12-25" };
const offers = ["more_time", "drop_off"];

const CITIZEN = {
  home: { screen: "home" },
  "home-all": { screen: "home", buttons: offers, window: OPEN },
  "home-open-door": { screen: "home", open_door: "A07", doors_open: 2, buttons: offers, window: CLOSED },
  "home-today": { screen: "home", buttons: ["drop_off"], window: { ...CLOSED, day: "today" } },
  "home-ask": { screen: "home", buttons: ["more_time"], window: { ...CLOSED, state: "unknown", day: "", at: "" } },
  "home-closed": { screen: "home", window: { ...CLOSED, day: "", at: "" } },
  "home-locked": { screen: "home", locked_ms: 58000, tries_left: 0, buttons: ["drop_off"], window: OPEN },
  "home-out": { screen: "home", out_of_service: true, window: OPEN },
  "notice-wrong": { screen: "notice", reason: "wrong_code", buttons: ["back", "done"], tries_left: 3, left_ms: 15000 },
  "notice-tail": { screen: "notice", reason: "wrong_tail", buttons: ["back", "done"], tries_left: 1, left_ms: 15000 },
  "notice-locked": { screen: "notice", reason: "locked_out", buttons: ["back", "done"], locked_ms: 60000, left_ms: 15000 },
  "notice-window": { screen: "notice", reason: "at_window", buttons: ["back", "done"], left_ms: 15000, window: CLOSED },
  "notice-door": { screen: "notice", reason: "door_unreachable", door: "A07", buttons: ["back", "done"], left_ms: 15000 },
  "notice-rejected": { screen: "notice", reason: "rejected", buttons: ["back", "done"], left_ms: 15000 },
  "notice-disputed": { screen: "notice", reason: "disputed", door: "A07", buttons: ["back", "done"], left_ms: 15000 },
  "notice-extended": { screen: "notice", reason: "extended", buttons: ["back", "done"], left_ms: 15000 },
  "notice-limit": { screen: "notice", reason: "extend_limit", buttons: ["back", "done"], left_ms: 15000 },
  "notice-given-up": { screen: "notice", reason: "dropoff_given_up", buttons: ["back", "done"], left_ms: 15000 },
  opening: { screen: "opening", door: "A07", left_ms: 49000 },
  second: { screen: "second", tail: true, buttons: ["back"], left_ms: 60000 },
  take: { screen: "take", door: "A07", buttons: ["done", "not_mine", "nothing_inside", "refuse"], more: 2, left_ms: 75000 },
  "take-empty": { screen: "take", door: "A07", reason: "nothing_inside", buttons: ["done", "back"], left_ms: 75000 },
  "take-plain": { screen: "take", door: "A07", buttons: ["done"], left_ms: 75000 },
  refuse_ask: { screen: "refuse_ask", door: "A07", buttons: ["confirm", "back"], left_ms: 75000 },
  "give_back-rejected": { screen: "give_back", door: "A07", reason: "rejected", buttons: ["back", "done"], left_ms: 75000 },
  "give_back-not_mine": { screen: "give_back", door: "A07", reason: "not_mine", buttons: ["back", "done"], left_ms: 75000 },
  taken: { screen: "taken", door: "A07", buttons: ["open_again", "done"], left_ms: 60000 },
  "taken-all": { screen: "taken", door: "A07", more: 2, left_ms: 60000,
                 buttons: ["open_again", "done", "next", "rate", "still_inside", "not_mine", "nothing_inside"] },
  "taken-rate": { screen: "taken", door: "A07", left_ms: 60000,
                  buttons: ["open_again", "done", "rate", "still_inside", "not_mine", "nothing_inside"] },
  "taken-one-more": { screen: "taken", door: "A07", more: 1, left_ms: 60000, buttons: ["done", "next", "not_mine"] },
  "jam-retry": { screen: "jam", door: "A07", reason: "door_jammed", buttons: ["retry", "done"], left_ms: 30000 },
  "jam-help": { screen: "jam", door: "A07", reason: "door_jammed", buttons: ["done"], left_ms: 29000 },
  extend: { screen: "extend", buttons: ["back"], left_ms: 60000 },
};

const DROP_OFF = {
  drop_case: { screen: "drop_case", buttons: ["back"], left_ms: 60000 },
  drop_size: { screen: "drop_size", free: { S: 12, M: 3, L: 0, XL: 1 }, buttons: ["size", "back"], left_ms: 60000 },
  drop_opening: { screen: "drop_opening", door: "B21", left_ms: 49000 },
  drop_put: { screen: "drop_put", door: "B21", buttons: ["larger", "smaller", "not_empty", "cancel"], left_ms: 75000 },
  drop_back: { screen: "drop_back", door: "B21", buttons: [], left_ms: 75000 },
  "drop_back-not_empty": { screen: "drop_back", door: "B21", reason: "not_empty", left_ms: 75000 },
  drop_placed: { screen: "drop_placed", door: "B21", receipt: "D-20261126-000042", buttons: ["open_again", "done"], left_ms: 60000 },
  "drop_jam-retry": { screen: "drop_jam", door: "B21", reason: "door_jammed", buttons: ["retry", "other", "cancel"], left_ms: 30000 },
  "drop_jam-help": { screen: "drop_jam", door: "B21", reason: "door_jammed", buttons: ["other", "cancel"], left_ms: 29000 },
};

const STAFF = {
  "notice-staff": { ...staff, screen: "notice", reason: "unknown_barcode", buttons: ["back", "done", ...all], left_ms: 15000 },
  "notice-staff-window": { ...clerk, screen: "notice", reason: "at_window", buttons: ["back", "done", ...all], left_ms: 15000, window: OPEN },
  "notice-received": { ...clerk, screen: "notice", reason: "received", buttons: ["back", "done", ...all], left_ms: 15000 },
  staff_menu: { ...staff, ...long, screen: "staff_menu", buttons: ["deposit", "recall", "round", "receipt", ...all],
                doors_open: 1, placed: 12 },
  "staff_menu-clerk": { ...clerk, ...long, screen: "staff_menu", placed: 2, doors_open: 2,
                        buttons: ["deposit", "recall", "window", "round", "receipt", ...all] },
  "staff_menu-plain": { ...staff, ...long, screen: "staff_menu", buttons: ["deposit", "recall", ...all] },
  receipt: { ...staff, ...long, screen: "receipt", placed: 12, buttons: ["back", ...all] },
};

const DEPOSIT = {
  scan: { ...staff, ...long, screen: "scan", buttons: ["back", ...all] },
  ask: { ...staff, ...long, screen: "ask", item, buttons: ["confirm", "back", ...all] },
  size: { ...staff, ...long, screen: "size", item, free: { S: 12, M: 3, L: 0, XL: 1 }, buttons: ["back", "size", ...all] },
  "size-join": { ...staff, ...long, screen: "size", item, name: "王**", join: "A07", free: { S: 12, M: 3, L: 0, XL: 1 },
                 buttons: ["back", "size", "join", ...all] },
  put_opening: { ...staff, ...long, screen: "put_opening", door: "B21", item },
  put: { ...staff, ...long, screen: "put", door: "B21", item, buttons: ["larger", "smaller", "not_empty", "cancel"] },
  "put-unchecked": { ...staff, ...long, screen: "put", door: "B21", item, reason: "not_checked", buttons: ["larger", "cancel"] },
  "put-misload": { ...staff, ...long, screen: "put", door: "B21", item, reason: "misload", buttons: ["larger", "cancel"] },
  put_back: { ...staff, ...long, screen: "put_back", door: "B21", item, reason: "no_free_door" },
  check: { ...staff, ...long, screen: "check", door: "B21", item, reason: "not_checked", buttons: ["open_again", "back", ...all] },
  placed: { ...staff, ...long, screen: "placed", door: "B21", item, buttons: ["back", "done", "open_again", ...all] },
  put_jam: { ...staff, ...long, screen: "put_jam", door: "B21", item, reason: "door_jammed", buttons: ["retry", "other", "cancel"] },
};

const recalled = { ...staff, ...long, door: "A07", item: "YL-2026-000123" };
const RECALL = {
  recall_list: { ...staff, ...long, screen: "recall_list", buttons: ["back", "recall_item", "recall_post", ...all] },
  "recall_list-post": { ...staff, ...long, screen: "recall_list", post: true, buttons: ["back", "recall_item", "recall_post", ...all] },
  "recall_list-round": { ...clerk, ...long, screen: "recall_list", round: true, buttons: ["back", "recall_item", "recall_post", ...all] },
  waybill: { ...staff, ...long, screen: "waybill", item, name: "王**", buttons: ["back", ...all] },
  "waybill-bad": { ...staff, ...long, screen: "waybill", item, name: "王**", reason: "bad_waybill", buttons: ["back", ...all] },
  recall_opening: { ...recalled, screen: "recall_opening" },
  recall_take: { ...recalled, screen: "recall_take" },
  recall_taken: { ...recalled, screen: "recall_taken", buttons: ["done", "open_again", ...all] },
  "recall_taken-round": { ...recalled, screen: "recall_taken", round: true, post: true, buttons: ["next", "done", "open_again", ...all] },
  recall_jam: { ...recalled, screen: "recall_jam", reason: "door_jammed", buttons: ["retry", "back"] },
};

const WINDOW = {
  window: { ...clerk, ...long, screen: "window", buttons: ["back", ...all], window: OPEN },
  window_item: { ...clerk, ...long, screen: "window_item", item, name: "王**", custody: "at_window",
                 buttons: ["hand_over", "send_post", "refuse", "back", ...all] },
  "window_item-receive": { ...clerk, ...long, screen: "window_item", item, name: "王**", custody: "with_courier",
                           buttons: ["receive", "back", ...all] },
  "window_item-return": { ...clerk, ...long, screen: "window_item", item, custody: "at_window", buttons: ["return_item", "back", ...all] },
  "window_item-none": { ...clerk, ...long, screen: "window_item", item, custody: "collected", buttons: ["back", ...all] },
  hand_over: { ...clerk, ...long, screen: "hand_over", item, name: "王**", tail: true, buttons: ["back", ...all] },
  "hand_over-wrong": { ...clerk, ...long, screen: "hand_over", item, name: "王**", tail: true, reason: "wrong_code", buttons: ["back", ...all] },
  "notice-returned": { ...clerk, screen: "notice", reason: "returned", buttons: ["back", "done", ...all], left_ms: 15000 },
};

export const VIEWS = { ...CITIZEN, ...DROP_OFF, ...STAFF, ...DEPOSIT, ...RECALL, ...WINDOW };

export const RECALLS = Array.from({ length: 30 }, (_, i) => ({
  item: "YL-2026-" + String(i + 1).padStart(6, "0"),
  door: "A" + String(i + 1).padStart(2, "0"),
  name: i % 5 === 4 ? "" : "王**",
  overdue: i < 4,
  cancelled: i === 2 || i === 9,
  rejected: i === 5,
  dropoff: i === 6,
  due: i < 10,
}));

export const RECEIPT = Array.from({ length: 12 }, (_, i) => ({
  item: "YL-2026-" + String(i + 1).padStart(6, "0"),
  door: "B" + String(i + 1).padStart(2, "0"),
  size: ["S", "M", "L"][i % 3],
}));
