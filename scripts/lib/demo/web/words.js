// Every text of the demo page in Chinese and English. {name} is replaced.

const WORDS = {
  title: ["取件柜演示", "Pickup locker demo"],
  crown: ["政务服务中心 · 证照自取柜", "Service centre · document locker"],
  other: ["English", "中文"],
  slot: ["扫码口", "Scanner"],
  people: ["快递员", "Courier"],
  courier: ["快递员", "Courier"],
  courier_facts: ["工号 {staff} · 密码 {pin}", "number {staff} · PIN {pin}"],
  badge: ["刷工牌", "Scan badge"],
  items: ["件与短信", "Items and messages"],
  announce: ["＋ 再预告一件", "+ announce one more"],
  trouble: ["捣乱（点柜门还有更多）", "Make trouble (click a door for more)"],
  postal: ["邮政系统收到", "The postal system received"],
  gone: ["演示已结束。", "The demo has ended."],

  "state.in_locker": ["在柜里", "in the locker"],
  "state.collected": ["已取走", "collected"],
  "state.at_window": ["已回收到窗口", "back at the window"],
  "state.returned": ["已退回", "returned"],
  "state.unknown": ["去向待核实", "to be cleared up"],
  "state.none": ["…", "…"],
  "item.inside": ["{door} 号", "{door}"],
  "item.barcode": ["扫条码", "Scan barcode"],
  "item.qr": ["扫二维码", "Scan QR"],
  "item.sms": ["短信：取件码", "Message: code"],

  "hands.empty": ["门开了，就在这里放入、取出、关门", "When a door opens: put in, take out and close here"],
  "do.close": ["关门", "Close"],
  "do.take": ["取出 {item}", "Take {item}"],
  "do.put": ["放入 {item}", "Put in {item}"],
  "do.force": ["撬开这扇门", "Force it open"],
  "do.jam": ["卡住锁舌", "Jam the lock"],
  "do.unjam": ["修好锁舌", "Free the lock"],
  "do.push": ["用手轻按住门", "Press on the door"],
  "do.cut": ["拔掉传感器线", "Pull the sensor wire"],
  "do.uncut": ["接回传感器线", "Mend the sensor wire"],
  "door.shut": ["关着", "shut"],
  "door.open": ["开着", "open"],
  "door.count": ["开过 {count} 次", "opened {count} times"],
  "door.jam": ["卡住", "jam"],
  "door.wire": ["断线", "wire"],
  "board.off": ["锁控板没电", "board has no power"],
  "board.unplugged": ["串口已拔", "adapter unplugged"],
  "bank.A": ["A 柜 · Modbus TCP", "Bank A · Modbus TCP"],
  "bank.B": ["B 柜 · RS-485 9600", "Bank B · RS-485 9600"],

  "switch.broker": ["网络", "Network"],
  "switch.A": ["A 柜锁控板", "Board A"],
  "switch.B": ["B 柜锁控板", "Board B"],
  "switch.adapter": ["RS-485 适配器", "RS-485 adapter"],
  "switch.daemon": ["控制程序", "Daemon"],
  "on.broker": ["通", "up"],
  "off.broker": ["断", "cut"],
  "on.A": ["有电", "power"],
  "off.A": ["没电", "dead"],
  "on.B": ["有电", "power"],
  "off.B": ["没电", "dead"],
  "on.adapter": ["插着", "in"],
  "off.adapter": ["拔了", "out"],
  "on.daemon": ["运行", "runs"],
  "off.daemon": ["已死", "dead"],
  "switch.rubbish": ["扫一个广告二维码", "Scan some other QR"],
  "tip.broker": ["照常取件，事件存着，恢复后补发", "pickups go on; events wait and arrive later"],
  "tip.daemon": ["kill -9，再点启动", "kill -9; click again to start"],
  "presence.online": ["在线", "online"],
  "presence.offline": ["失联", "offline"],
  "presence.stopped": ["已停止", "stopped"],
  "presence.none": ["…", "…"],
  "presence.cut": ["网络断了", "no network"],
  "events.none": ["还没有事件", "nothing yet"],

  "hint.daemon": ["控制程序停了。点右侧“控制程序”重新启动；柜里的件都安全。", "The daemon is dead. Click \"Daemon\" on the right to start it; everything in the locker is safe."],
  "hint.badge": ["快递员来了：点右侧“刷工牌”。", "A courier comes: click \"Scan badge\" on the right."],
  "hint.deposit": ["在屏幕上点“投递”。", "Touch \"Deposit\" on the screen."],
  "hint.scan": ["点一个件的“扫条码”。", "Click \"Scan barcode\" of an item."],
  "hint.size": ["在屏幕上选格口大小。", "Choose a size on the screen."],
  "hint.put": ["{door} 弹开了：点屏幕下方的“放入”，再点“关门”。", "{door} is open: click \"Put in\" below the screen, then \"Close\"."],
  "hint.close": ["现在关上 {door}。", "Now close {door}."],
  "hint.put_back": ["把件取出来，关上 {door}。", "Take it out again and close {door}."],
  "hint.placed": ["存好了，市民收到了短信。接着扫下一件，或在屏幕上退出登录。", "Deposited, and the citizen has the message. Scan the next, or sign out on the screen."],
  "hint.pickup": ["市民来取件：在屏幕上输入短信里的取件码，或点“扫二维码”。", "A citizen comes: type the code of the message on the screen, or click \"Scan QR\"."],
  "hint.take": ["{door} 弹开了：点“取出”，再点“关门”。", "{door} is open: click \"Take\", then \"Close\"."],
  "hint.taken": ["取件完成。忘了东西可以“再开一次”。", "Done. \"Open again\" is there for what was forgotten."],
  "hint.jam": ["{door} 卡住了：点柜门选“用手轻按住门”，再在屏幕上点“再试一次”。", "{door} is stuck: click the door, \"Press on the door\", then \"Try again\" on the screen."],
  "hint.recall_list": ["在屏幕上选要取回的件。", "Choose on the screen what to take back."],
  "hint.opening": ["正在开门…", "Opening…"],
  "hint.notice": ["请看屏幕上的说明。", "Read what the screen says."],
  "hint.locked": ["键盘锁住了，倒计时在屏幕上；二维码照样能用。", "The keypad is locked and counts down; QR codes still work."],
};

const EVENTS = {
  "item.expected": ["预告 {item}", "{item} announced"],
  "item.deposited": ["{item} 已存入 {door}", "{item} deposited in {door}"],
  "item.collected": ["{item} 已从 {door} 取走", "{item} collected from {door}"],
  "item.recalled": ["{item} 已从 {door} 回收", "{item} recalled from {door}"],
  "item.cancelled": ["{item} 已取消", "{item} cancelled"],
  "item.returned": ["{item} 已退回", "{item} returned"],
  "item.settled": ["{item} 已核实", "{item} settled"],
  "door.opened": ["{door} 已打开", "{door} opened"],
  "door.closed": ["{door} 已关好", "{door} closed"],
  "door.open_failed": ["{door} 没有打开", "{door} did not open"],
  "door.left_open": ["{door} 忘了关", "{door} left open"],
  "door.forced": ["{door} 被强行打开", "{door} forced open"],
  "door.wrong": ["开错了门：{door}", "wrong door: {door}"],
  "door.blocked": ["{door} 停用", "{door} out of use"],
  "door.unblocked": ["{door} 恢复使用", "{door} back in use"],
  "access.denied": ["取件码不对（第 {count} 次）", "wrong code (number {count})"],
  "access.lockout": ["键盘锁定 {duration_s} 秒", "keypad locked for {duration_s} s"],
  "access.staff_in": ["{who} 登录", "{who} signed in"],
  "access.staff_out": ["{who} 退出", "{who} signed out"],
  "access.command_refused": ["拒绝了一条指令", "a command was refused"],
  "site.started": ["控制程序启动", "daemon started"],
  "site.stopped": ["控制程序停止", "daemon stopped"],
  "site.board_lost": ["{bank} 柜锁控板失联", "board {bank} lost"],
  "site.board_back": ["{bank} 柜锁控板正常", "board {bank} is there"],
  "site.config": ["接线配置变化", "wiring changed or confirmed"],
  "site.clock": ["时钟状态变化", "clock quality changed"],
  "site.degraded": ["带故障运行", "running degraded"],
  "audit.mismatch": ["账实不符", "books and truth differ"],
};

let language = 0;

export function setLanguage(name) {
  language = name === "en" ? 1 : 0;
}

export function languageName() {
  return ["zh", "en"][language];
}

function fill(row, values) {
  return row[language].replace(/\{(\w+)\}/g, (_, name) => values[name] ?? "");
}

export function text(key, values = {}) {
  return WORDS[key] ? fill(WORDS[key], values) : key;
}

export function eventText(type, data) {
  return EVENTS[type] ? fill(EVENTS[type], data) : type;
}
