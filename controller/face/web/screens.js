// One renderer per screen of the daemon (enum lk_screen in controller/core/include/core/state.h).

import { extend, giveBack, home, notice, refuseAsk, second, take, taken } from "./citizen.js";
import { ask, check, putBack, scan, size } from "./deposit.js";
import { dropBack, dropCase, dropPlaced, dropSize } from "./dropoff.js";
import { busyScreen, doorScreen, jamScreen } from "./panels.js";
import { recallList, waybill } from "./recall.js";
import { receipt, staffMenu } from "./staff.js";
import { handOver, windowItem, windowScan } from "./window.js";

export const SCREENS = {
  home,
  notice,
  opening: busyScreen,
  take,
  taken,
  jam: jamScreen,
  second,
  refuse_ask: refuseAsk,
  give_back: giveBack,
  extend,
  drop_case: dropCase,
  drop_size: dropSize,
  drop_opening: busyScreen,
  drop_put: doorScreen("good", "put"),
  drop_back: dropBack,
  drop_placed: dropPlaced,
  drop_jam: jamScreen,
  staff_menu: staffMenu,
  scan,
  ask,
  size,
  put_opening: busyScreen,
  put: doorScreen("good", "put"),
  put_back: putBack,
  check,
  placed: taken,
  put_jam: jamScreen,
  recall_list: recallList,
  waybill,
  recall_opening: busyScreen,
  recall_take: doorScreen("good", "open"),
  recall_taken: taken,
  recall_jam: jamScreen,
  window: windowScan,
  window_item: windowItem,
  hand_over: handOver,
  receipt,
};
