// One snapshot per situation the kiosk can show, as the daemon would send it.

const staff = { role: "courier", staff: "c1001" };

export const VIEWS = {
  home: { screen: "home" },
  "home-open-door": { screen: "home", open_door: "A07", doors_open: 2 },
  "home-locked": { screen: "home", locked_ms: 58000, tries_left: 0 },
  "home-out": { screen: "home", out_of_service: true },
  "notice-wrong": { screen: "notice", reason: "wrong_code", buttons: ["back", "done"], tries_left: 3, left_ms: 15000 },
  "notice-locked": { screen: "notice", reason: "locked_out", buttons: ["back", "done"], locked_ms: 60000, left_ms: 15000 },
  "notice-window": { screen: "notice", reason: "at_window", buttons: ["back", "done"], left_ms: 15000 },
  "notice-door": { screen: "notice", reason: "door_unreachable", door: "A07", buttons: ["back", "done"], left_ms: 15000 },
  "notice-staff": { ...staff, screen: "notice", reason: "unknown_barcode", buttons: ["back", "done", "sign_out"], left_ms: 15000 },
  opening: { screen: "opening", door: "A07", left_ms: 49000 },
  take: { screen: "take", door: "A07", buttons: ["done"], left_ms: 75000 },
  taken: { screen: "taken", door: "A07", buttons: ["open_again", "done"], left_ms: 60000 },
  "jam-retry": { screen: "jam", door: "A07", reason: "door_jammed", buttons: ["retry", "done"], left_ms: 30000 },
  "jam-help": { screen: "jam", door: "A07", reason: "door_jammed", buttons: ["done"], left_ms: 29000 },
  staff_menu: { ...staff, screen: "staff_menu", buttons: ["deposit", "recall", "sign_out"], left_ms: 180000, doors_open: 1 },
  scan: { ...staff, screen: "scan", buttons: ["back", "sign_out"], left_ms: 180000 },
  size: { ...staff, screen: "size", item: "1234567890123", free: { S: 12, M: 3, L: 0, XL: 1 },
          buttons: ["back", "size", "sign_out"], left_ms: 180000 },
  put_opening: { ...staff, screen: "put_opening", door: "B21", item: "1234567890123", left_ms: 180000 },
  put: { ...staff, screen: "put", door: "B21", item: "1234567890123", buttons: ["larger", "cancel"], left_ms: 180000 },
  put_back: { ...staff, screen: "put_back", door: "B21", item: "1234567890123", reason: "no_free_door", left_ms: 180000 },
  placed: { ...staff, screen: "placed", door: "B21", item: "1234567890123", left_ms: 180000,
            buttons: ["back", "done", "open_again", "sign_out"] },
  put_jam: { ...staff, screen: "put_jam", door: "B21", item: "1234567890123", reason: "door_jammed", left_ms: 180000,
             buttons: ["retry", "other", "cancel"] },
  recall_list: { ...staff, screen: "recall_list", buttons: ["back", "recall_item", "sign_out"], left_ms: 180000 },
  recall_opening: { ...staff, screen: "recall_opening", door: "A07", item: "YL-2026-000123", left_ms: 180000 },
  recall_take: { ...staff, screen: "recall_take", door: "A07", item: "YL-2026-000123", left_ms: 180000 },
  recall_taken: { ...staff, screen: "recall_taken", door: "A07", item: "YL-2026-000123", left_ms: 180000,
                  buttons: ["done", "open_again", "sign_out"] },
  recall_jam: { ...staff, screen: "recall_jam", door: "A07", item: "YL-2026-000123", reason: "door_jammed",
                buttons: ["retry", "back"], left_ms: 180000 },
};

export const RECALLS = Array.from({ length: 30 }, (_, i) => ({
  item: "YL-2026-" + String(i + 1).padStart(6, "0"),
  door: "A" + String(i + 1).padStart(2, "0"),
  overdue: i < 4,
  cancelled: i === 2 || i === 9,
}));
