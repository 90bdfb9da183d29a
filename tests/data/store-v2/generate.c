/*
 * Makes the files beside it, with the program of database version 2 (README.md says how): the real core decides, the
 * real store writes, twenty days of a hall with everything that can be under way when the power goes.
 */
#define FACTS_OF_VERSION_2
#include "unit/store/store_facts.h"

#include "store/care.h"

#include <string.h>

static struct lk_core_config cfg;
static struct lk_core core;
static struct lk_store *store;
static struct lk_stamp now;
static int64_t now_ms = 1000;
static unsigned commands;

static void must(bool ok, const char *what)
{
    if (!ok) {
        (void)fprintf(stderr, "generate: %s\n", what);
        exit(1);
    }
}

static void step(struct lk_input in)
{
    static struct lk_effects fx;
    in.now_ms = now_ms;
    lk_core_step(&cfg, &core, &in, &fx);
    must(lk_store_apply(store, &fx, &now, NULL) == 0, lk_input_name(in.kind));
    now_ms += 500;
    now.wall_ms += 500;
}

static void id_of(int n, char ret_id[LK_ITEM_ID_MAX + 1])
{
    (void)snprintf(ret_id, LK_ITEM_ID_MAX + 1, "YL2026-%05d", n);
}

static struct lk_input about(enum lk_input_kind kind, int n)
{
    struct lk_input in = {.kind = kind, .door = LK_NO_DOOR};
    struct lk_store_found found;
    id_of(n, in.text);
    must(lk_store_find_item(store, &now, in.text, &found) == 0, "find");
    in.found = found.found;
    in.item = found.item;
    in.code_live = found.live;
    return in;
}

static void command(struct lk_input in, enum lk_command_kind kind)
{
    in.command.kind = kind;
    (void)snprintf(in.command.jti, sizeof(in.command.jti), "command-%u", ++commands);
    in.command.digest[0] = 1;
    step(in);
}

static void announce(int n)
{
    char code[16], token[32];
    struct lk_input in = about(LK_IN_COMMAND, n);
    struct lk_item *item = &in.command.item;
    facts_code(n, code);
    facts_token(n, token);
    memcpy(item->id, in.text, sizeof(item->id));
    item->door = LK_NO_DOOR;
    item->size = n % 9 == 0 ? LK_SIZE_L : LK_SIZE_S;
    item->channel = n % 23 == 0 ? LK_CHANNEL_WINDOW : LK_CHANNEL_LOCKER;
    item->low_reach = n % 11 == 0;
    (void)snprintf(item->phone_tail, sizeof(item->phone_tail), "%04u", (unsigned)n * 37U % 10000U);
    must(lk_store_make_secret(store, n % 13 == 0 ? NULL : code, n % 3 == 0 ? token : NULL, &in.secret) == 0, "secret");
    command(in, LK_CMD_ITEM_ANNOUNCE);
}

static void button(enum lk_button which)
{
    step((struct lk_input){.kind = LK_IN_BUTTON, .button = which, .door = LK_NO_DOOR});
}

static void sense(int door, enum lk_sense what)
{
    step((struct lk_input){.kind = LK_IN_SENSE, .door = door, .sense = what});
}

static void sign_in(enum lk_actor role, const char *id)
{
    struct lk_input in = {.kind = LK_IN_SIGN_IN, .staff = {.ok = true, .role = role}};
    (void)snprintf(in.staff.id, sizeof(in.staff.id), "%s", id);
    step(in);
}

/* The door that is being pulsed now. */
static int pulsed(void)
{
    for (int i = 0; i < cfg.doors; i++) {
        if (core.door[i].state == LK_DOOR_PULSING) {
            return i;
        }
    }
    (void)fprintf(stderr, "screen %s, %s, item %s\n", lk_screen_name(core.session.screen),
                  lk_reason_name(core.session.reason), core.session.item.id);
    must(false, "no door was pulsed");
    return LK_NO_DOOR;
}

static void open_and_shut(void)
{
    int door = pulsed();
    sense(door, LK_SENSE_OPEN);
    sense(door, LK_SENSE_CLOSED);
}

static void scan(int n)
{
    struct lk_input in = about(LK_IN_SCAN, n);
    in.scan = LK_SCAN_ITEM;
    step(in);
}

/* Somebody is signed in, and on the screen that waits for a barcode. */
static void deposit(int n)
{
    scan(n);
    if (core.session.screen == LK_SCREEN_SIZE) {
        step((struct lk_input){.kind = LK_IN_BUTTON, .button = LK_BUTTON_SIZE, .size = LK_SIZE_S, .door = LK_NO_DOOR});
    }
}

static void type_code(int n)
{
    char code[16];
    struct lk_store_found found;
    facts_code(n, code);
    must(lk_store_find_code(store, &now, code, &found) == 0, "code");
    step((struct lk_input){
        .kind = LK_IN_CODE, .well_formed = true, .found = found.found, .item = found.item, .code_live = found.live});
}

static void recall(int n)
{
    button(LK_BUTTON_RECALL);
    struct lk_input in = about(LK_IN_BUTTON, n);
    in.button = LK_BUTTON_RECALL_ITEM;
    step(in);
}

static void home(void)
{
    for (int i = 0; i < 8 && core.session.screen != LK_SCREEN_HOME; i++) {
        button(core.session.screen == LK_SCREEN_STAFF_MENU ? LK_BUTTON_SIGN_OUT : LK_BUTTON_DONE);
        button(LK_BUTTON_BACK);
    }
    now_ms += 400000; /* whatever is still shown falls back by itself */
    step((struct lk_input){.kind = LK_IN_TICK});
}

static bool lies_here(int n)
{
    return about(LK_IN_TICK, n).item.custody == LK_CUSTODY_IN_LOCKER;
}

/* One day: the courier's round, the recipients, a recall and a cancelled item. */
static void day(int first, int count)
{
    for (int n = first; n < first + count; n++) {
        announce(n);
    }
    sign_in(LK_ACTOR_COURIER, "courier-7");
    button(LK_BUTTON_DEPOSIT);
    for (int n = first; n < first + count - 3; n++) {
        deposit(n);
        open_and_shut();
        button(LK_BUTTON_DONE);
    }
    home();
    for (int n = first - count; n >= 0 && n < first; n++) {
        if (n % 13 != 0 && n % 10 != 7 && lies_here(n)) {
            type_code(n);
            open_and_shut();
            home();
        }
    }
    command(about(LK_IN_COMMAND, first), LK_CMD_ITEM_CANCEL);
    sign_in(LK_ACTOR_CLERK, "clerk-2");
    recall(first);
    open_and_shut();
    home();
    sign_in(LK_ACTOR_CLERK, "clerk-2");
    recall(first + 1);
    open_and_shut();
    home();
    command(about(LK_IN_COMMAND, first + count - 1), LK_CMD_ITEM_CANCEL); /* it never came */
}

static void admin(enum lk_admin_op op, int door, int bank)
{
    step((struct lk_input){.kind = LK_IN_ADMIN,
                           .admin = op,
                           .door = door,
                           .bank = bank,
                           .staff = {.ok = true, .role = LK_ACTOR_MAINTENANCE, .id = "tech-1"}});
}

static void settle(int n, enum lk_custody to)
{
    struct lk_input in = about(LK_IN_ADMIN, n);
    in.admin = LK_ADMIN_SETTLE;
    in.settle_to = to;
    in.staff = (struct lk_staff){.ok = true, .role = LK_ACTOR_MAINTENANCE, .id = "tech-1"};
    step(in);
}

static int door_of(int n)
{
    int door = about(LK_IN_TICK, n).item.door;
    must(door != LK_NO_DOOR, "the item lies nowhere");
    return door;
}

static void bank(int which, enum lk_bank_state state)
{
    step((struct lk_input){.kind = LK_IN_BANK, .bank = which, .bank_state = state, .reason = LK_REASON_BOARD_SILENT});
}

static void look(void)
{
    for (int i = 0; i < cfg.banks; i++) {
        bank(i, LK_BANK_READY);
    }
    for (int i = 0; i < cfg.doors; i++) {
        sense(i, LK_SENSE_CLOSED);
    }
}

/* The next item from `from` on that lies in bank A or C, of those a token opens when it is to be one. */
static int lying(int from, bool token)
{
    for (; from < FACTS_ITEMS; from++) {
        struct lk_item item = about(LK_IN_TICK, from).item;
        if (item.custody == LK_CUSTODY_IN_LOCKER && !item.cancelled && cfg.door[item.door].bank != 1 &&
            core.door[item.door].op.purpose == LK_PURPOSE_NONE && (!token || from % 3 == 0)) {
            return from;
        }
    }
    must(false, "nothing lies there");
    return 0;
}

static void forced_open(int n)
{
    int door = door_of(n);
    sense(door, LK_SENSE_OPEN);
    sense(door, LK_SENSE_CLOSED);
}

static void start_deposit(int n)
{
    announce(n);
    sign_in(LK_ACTOR_COURIER, "courier-7");
    button(LK_BUTTON_DEPOSIT);
    deposit(n);
}

/* Pulsed, and its board is lost before anybody can say whether it opened: in doubt from the next look on. */
static void doubted_deposit(int n)
{
    start_deposit(n);
    int door = pulsed(), board = cfg.door[door].bank;
    bool open[LK_MAX_DOORS];
    for (int i = 0; i < cfg.doors; i++) {
        open[i] = core.door[i].state == LK_DOOR_OPEN || core.door[i].state == LK_DOOR_LEFT_OPEN;
    }
    bank(board, LK_BANK_LOST);
    bank(board, LK_BANK_READY);
    for (int i = 0; i < cfg.doors; i++) {
        if (cfg.door[i].bank == board) {
            sense(i, open[i] ? LK_SENSE_OPEN : LK_SENSE_CLOSED);
        }
    }
    must(core.door[door].doubt_purpose == LK_PURPOSE_DEPOSIT, "no doubt");
    home();
}

/* What must not be forgotten although nobody is at the cabinet: unknown items, a settled one, a blocked door. */
static void troubles(void)
{
    int settled = lying(0, false);
    forced_open(settled);
    settle(settled, LK_CUSTODY_AT_WINDOW);
    forced_open(lying(0, false));
    forced_open(lying(60, false));
    admin(LK_ADMIN_BLOCK, 94, 0);
}

/* An opening whose door stands open when the power goes. */
static void left_open(void)
{
    sense(pulsed(), LK_SENSE_OPEN);
    home();
}

static void staff_under_way(int next)
{
    int cancelled = lying(150, false);
    command(about(LK_IN_COMMAND, cancelled), LK_CMD_ITEM_CANCEL);
    sign_in(LK_ACTOR_CLERK, "clerk-2");
    recall(cancelled); /* to be returned */
    left_open();
    sign_in(LK_ACTOR_COURIER, "courier-7");
    recall(lying(cancelled + 1, false)); /* to the window */
    left_open();
    start_deposit(next);
    sense(pulsed(), LK_SENSE_OPEN);
    button(LK_BUTTON_CANCEL); /* withdrawn, its door still open */
    home();
    start_deposit(next + 1); /* the item may be in its compartment, or in a hand */
    left_open();
    doubted_deposit(next + 2);
    admin(LK_ADMIN_OPEN, 93, 0);
    sense(93, LK_SENSE_OPEN);
}

static void show_token(int n)
{
    char token[32];
    struct lk_store_found found;
    facts_token(n, token);
    must(lk_store_find_token(store, &now, token, &found) == 0, "token");
    step((struct lk_input){
        .kind = LK_IN_SCAN, .scan = LK_SCAN_TOKEN, .found = found.found, .item = found.item, .code_live = found.live});
}

/* The power goes while all of this is under way. */
static void power_cut(int next)
{
    staff_under_way(next);
    show_token(lying(0, true));
    left_open();
    for (int i = 0; i < 6; i++) {
        step((struct lk_input){.kind = LK_IN_CODE, .well_formed = true}); /* a lockout runs */
    }
    admin(LK_ADMIN_OPEN, 62, 0);
    sense(63, LK_SENSE_OPEN); /* the wrong door: bank B stands still */
    struct lk_input in = {.kind = LK_IN_COMMAND, .command.door = 92};
    command(in, LK_CMD_COMPARTMENT_OPEN); /* its command still waits */
    show_token(lying(0, true));           /* pulsed; nothing was seen */
}

static void staff(void)
{
    static const char pin[] = "$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHRzYWx0$aGFzaGhhc2hoYXNoaGFzaGhhc2hoYXNo";
    must(lk_store_staff_put(store, "courier-7", LK_ACTOR_COURIER, pin, "badge-of-courier-7", &now) == 0 &&
             lk_store_staff_put(store, "clerk-2", LK_ACTOR_CLERK, pin, NULL, &now) == 0 &&
             lk_store_staff_put(store, "tech-1", LK_ACTOR_MAINTENANCE, pin, "badge-of-tech-1", &now) == 0 &&
             lk_store_staff_put(store, "clerk-1", LK_ACTOR_CLERK, pin, "badge-of-clerk-1", &now) == 0 &&
             lk_store_staff_remove(store, "clerk-1", &now) == 0,
         "staff");
}

int main(int argc, char **argv)
{
    must(argc == 4, "usage: generate DATABASE KEY FACTS");
    facts_cabinet(&cfg);
    struct lk_store_config config = {.path = argv[1],
                                     .key_path = argv[2],
                                     .operator_id = "yulin",
                                     .site_id = "hall-1",
                                     .core = &cfg,
                                     .retention_days = 7};
    now = facts_now();
    now.wall_ms -= INT64_C(20) * 86400000;
    must(lk_store_open(&config, &store, NULL) == 0, "open");
    staff();
    lk_core_init(&core, &cfg);
    must(lk_store_restore(store, &core, &now, now_ms, NULL) == 0, "restore");
    step((struct lk_input){.kind = LK_IN_BOOT, .clock = LK_CLOCK_SYNCED});
    look();
    for (int i = 0; i < 19; i++) {
        day(i * 20, 20);
        now.wall_ms = facts_now().wall_ms - INT64_C(86400000) * (19 - i);
        now.quality = i == 12 ? LK_CLOCK_RTC : LK_CLOCK_SYNCED; /* a day without time: its items wait for their dates */
    }
    must(lk_store_set_acked(store, lk_store_last_seq(store) - 40) == 0, "acked");
    must(lk_store_purge_events(store, lk_store_last_seq(store) - 600, 100000, NULL) == 0, "purge");
    now.wall_ms = facts_now().wall_ms - 3600000;
    troubles();
    power_cut(400);
    FILE *out = fopen(argv[3], "w");
    must(out != NULL, "facts");
    facts_rewire(&cfg);
    facts_write(store, &cfg, out);
    must(fclose(out) == 0, "facts");
    store = lk_store_close(store);
    return 0;
}
