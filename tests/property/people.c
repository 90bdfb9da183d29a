#include "world.h"

#include "base/text.h"

#include <string.h>

enum { CODES = 400, FIRST_TOKEN = 1000000, KEEP_FREE = 8 };

/* --- facts, as the engine looks them up ----------------------------------------------------------------------------
 */

static void facts_of_item(const struct world *w, struct lk_input *in, const char *id)
{
    const struct lk_item *item = model_store_item(&w->store, id);
    in->found = item != NULL;
    if (item) {
        in->item = *item;
        in->code_live = model_store_has_secret(&w->store, id);
    }
}

/* A random item of the store with this custody (NONE: any); NULL when there is none. */
static const struct lk_item *some_item(struct world *w, enum lk_custody custody)
{
    int from = (int)world_between(w, 0, MODEL_ITEMS - 1);
    for (int i = 0; i < MODEL_ITEMS; i++) {
        int k = (from + i) % MODEL_ITEMS;
        const struct lk_item *item = &w->store.item[k].item;
        if (w->store.item[k].used && (custody == LK_CUSTODY_NONE || item->custody == custody)) {
            return item;
        }
    }
    return NULL;
}

/* A random envelope that somebody could hold under the scanner; NULL when there is none. */
static struct envelope *some_envelope(struct world *w)
{
    int from = (int)world_between(w, 0, MODEL_ITEMS - 1);
    for (int i = 0; i < MODEL_ITEMS; i++) {
        struct envelope *e = &w->envelope[(from + i) % MODEL_ITEMS];
        bool at_hand = e->used && (e->where == WITH_SENDER || e->where == WITH_STAFF);
        if (at_hand && e->id[0] != 'D') {
            return e;
        }
    }
    return NULL;
}

/* Whether the kiosk may still say something about it: what is on the screen, and what was just taken. */
static bool is_on_screen(const struct world *w, const char *id)
{
    const struct lk_session *session = &w->core.session;
    bool is = strcmp(session->item.id, id) == 0;
    for (unsigned i = 0; i < session->taken; i++) {
        is = is || strcmp(session->taken_item[i], id) == 0;
    }
    return is;
}

/* A new envelope, or NULL when there are too many already. */
static struct envelope *new_envelope(struct world *w)
{
    int free_one = -1, free_count = 0;
    for (int i = 0; i < MODEL_ITEMS; i++) {
        free_count += !w->envelope[i].used;
        free_one = w->envelope[i].used ? free_one : i;
    }
    for (int i = 0; i < MODEL_ITEMS && free_count < KEEP_FREE; i++) {
        struct envelope *e = &w->envelope[i];
        const struct lk_item *item = model_store_item(&w->store, e->id);
        bool over = !item || item->custody == LK_CUSTODY_COLLECTED || item->custody == LK_CUSTODY_RETURNED;
        if (e->used && over && !is_on_screen(w, e->id) && e->where != BEHIND_DOOR) {
            model_store_forget(&w->store, e->id);
            e->used = false;
            free_count++;
        }
    }
    if (free_one < 0) {
        return NULL;
    }
    struct envelope *e = &w->envelope[free_one];
    *e = (struct envelope){.used = true, .where = WITH_SENDER, .door = LK_NO_DOOR};
    (void)snprintf(e->id, sizeof(e->id), "X%u", ++w->ids);
    return e;
}

/* Its number is the site's own: nobody else announces or brings it. */
const struct envelope *people_envelope(struct world *w)
{
    struct envelope *e = new_envelope(w);
    if (e) {
        e->id[0] = 'D';
    }
    return e;
}

/* --- at the kiosk --------------------------------------------------------------------------------------------------
 */

static struct lk_input code(struct world *w)
{
    struct lk_input in = world_input(LK_IN_CODE);
    in.well_formed = !world_chance(w, 40);
    uint64_t number = (uint64_t)world_between(w, 1, CODES);
    for (int i = 0; i < MODEL_SECRETS && world_chance(w, 985); i++) {
        const struct model_secret *s = &w->store.secret[(number + (uint64_t)i) % MODEL_SECRETS];
        const struct lk_item *item = s->used ? model_store_item(&w->store, s->item) : NULL;
        if (item && item->custody == LK_CUSTODY_IN_LOCKER && s->code != 0) {
            number = s->code;
            break;
        }
    }
    model_store_look_up(&w->store, number, false, &in);
    return in;
}

static struct lk_input token(struct world *w)
{
    struct lk_input in = world_input(LK_IN_SCAN);
    uint64_t number = FIRST_TOKEN + (uint64_t)world_between(w, 1, (int64_t)w->ids + 1);
    for (int i = 0; i < MODEL_SECRETS && world_chance(w, 985); i++) {
        const struct model_secret *s = &w->store.secret[(number + (uint64_t)i) % MODEL_SECRETS];
        if (s->used && s->live && s->token != 0) {
            number = s->token;
            break;
        }
    }
    model_store_look_up(&w->store, number, true, &in);
    in.scan = in.found ? LK_SCAN_TOKEN : LK_SCAN_UNKNOWN;
    return in;
}

static struct lk_input barcode(struct world *w)
{
    struct lk_input in = world_input(LK_IN_SCAN);
    struct envelope *e = world_chance(w, 80) ? new_envelope(w) : some_envelope(w);
    const struct lk_item *any = e ? NULL : some_item(w, LK_CUSTODY_NONE);
    if (e || any) {
        in.scan = LK_SCAN_ITEM;
        (void)lk_text_copy(in.text, sizeof(in.text), e ? e->id : any->id);
        facts_of_item(w, &in, in.text);
        staff_facts(w, &in);
    }
    return in;
}

static void staff_member(struct world *w, struct lk_input *in, bool maintenance)
{
    static const char *const ids[] = {"", "", "k1", "c1", "m1"};
    in->staff.role = world_chance(w, 600) ? LK_ACTOR_COURIER : LK_ACTOR_CLERK;
    if (maintenance) {
        in->staff.role = world_chance(w, 500) ? LK_ACTOR_MAINTENANCE : LK_ACTOR_CLERK;
    }
    in->staff.ok = true;
    (void)lk_text_copy(in->staff.id, sizeof(in->staff.id), ids[in->staff.role]);
}

static struct lk_input sign_in(struct world *w)
{
    struct lk_input in = world_input(world_chance(w, 800) ? LK_IN_SIGN_IN : LK_IN_SCAN);
    in.scan = LK_SCAN_BADGE;
    staff_member(w, &in, world_chance(w, 50));
    if (world_chance(w, 150)) {
        in.staff = (struct lk_staff){0};
    }
    return in;
}

static struct lk_input press(struct world *w, enum lk_button button)
{
    struct lk_input in = world_input(LK_IN_BUTTON);
    in.button = button;
    in.size = (enum lk_size)world_between(w, 0, world_chance(w, 100) ? LK_SIZES - 1 : LK_SIZE_L);
    if (button == LK_BUTTON_RECALL_ITEM || button == LK_BUTTON_NEXT) {
        const struct lk_item *item = some_item(w, world_chance(w, 900) ? LK_CUSTODY_IN_LOCKER : LK_CUSTODY_NONE);
        for (int i = 0; i < 4 && item && !item->cancelled; i++) { /* what was cancelled is fetched first */
            item = some_item(w, item->custody);
        }
        facts_of_item(w, &in, item ? item->id : "nothing");
    }
    citizens_button(w, &in);
    return in;
}

static struct lk_input anything(struct world *w)
{
    switch (world_between(w, 0, 4)) {
    case 0:
        return code(w);
    case 1:
        return token(w);
    case 2:
        return barcode(w);
    case 3:
        return sign_in(w);
    default:
        return press(w, (enum lk_button)world_between(w, 0, LK_BUTTONS - 1));
    }
}

/* Most come with a code, a token or a badge, whatever buttons there are. */
static bool comes_with_something(struct world *w, const struct lk_view *v)
{
    unsigned of_1000 = v->screen == LK_SCREEN_HOME ? 900 : v->screen == LK_SCREEN_EXTEND ? 700 : 200;
    return v->role == LK_ACTOR_SYSTEM && world_chance(w, of_1000);
}

static struct lk_input sensible(struct world *w, const struct lk_view *v)
{
    unsigned offered = 0;
    for (int b = 0; b < LK_BUTTONS; b++) {
        offered += v->button[b];
    }
    struct lk_input in;
    bool scans = v->screen == LK_SCREEN_SCAN || v->screen == LK_SCREEN_WINDOW || v->screen == LK_SCREEN_CHECK;
    if (scans && world_chance(w, 800)) {
        return barcode(w);
    }
    if (world_chance(w, 800) && (staff_answer(w, v, &in) || citizens_answer(w, v, &in))) {
        return in;
    }
    if (v->screen == LK_SCREEN_STAFF_MENU && world_chance(w, 400)) {
        return press(w, LK_BUTTON_DEPOSIT);
    }
    if (comes_with_something(w, v) || (v->role == LK_ACTOR_SYSTEM && offered == 0)) {
        return world_chance(w, 350) ? sign_in(w) : world_chance(w, 250) ? token(w) : code(w);
    }
    if (offered == 0) {
        return anything(w);
    }
    bool gives_up = world_chance(w, 150);
    unsigned pick = (unsigned)world_between(w, 0, offered - 1);
    for (int i = 0; i < 2 * LK_BUTTONS; i++) {
        enum lk_button b = (enum lk_button)(i % LK_BUTTONS);
        bool leaves = b == LK_BUTTON_SIGN_OUT || b == LK_BUTTON_BACK;
        if (v->button[b] && (pick == 0 || pick-- == 0) && (gives_up || !leaves)) {
            return press(w, b);
        }
    }
    return press(w, LK_BUTTON_BACK);
}

/* The view shows exactly the buttons that the core accepts. */
static void compare_buttons(struct world *w, const struct lk_view *v, const struct lk_input *in)
{
    for (unsigned i = 0; i < w->fx.count && in->kind == LK_IN_BUTTON; i++) {
        const struct lk_effect *fx = &w->fx.at[i];
        bool refused = fx->kind == LK_FX_REPLY && fx->request == in->request && fx->reason == LK_REASON_NOT_NOW;
        if (fx->kind == LK_FX_REPLY && fx->request == in->request && refused == v->button[in->button]) {
            w->broken = "the view shows other buttons than the core accepts";
        }
    }
}

void people_kiosk(struct world *w)
{
    if (!w->up) {
        return;
    }
    struct lk_view v;
    lk_core_view(&w->cfg, &w->core, w->now_ms, &v);
    /* Nobody closes a door and touches the screen in the same half second (docs/core.md, known limits). */
    bool takes = v.screen == LK_SCREEN_TAKE && world_chance(w, 600); /* and touches nothing meanwhile */
    bool put = v.screen == LK_SCREEN_PUT || v.screen == LK_SCREEN_DROP_PUT;
    bool said = v.screen == LK_SCREEN_TAKE || v.screen == LK_SCREEN_REFUSE_ASK || v.screen == LK_SCREEN_GIVE_BACK;
    bool just_shut = (put || said) && !w->door[w->core.session.door].open;
    bool check = v.reason == LK_REASON_NOT_CHECKED || v.reason == LK_REASON_MISLOAD;
    bool at_open_door = put && !world_chance(w, check ? 900 : 120);
    if (at_open_door || just_shut || takes) {
        return;
    }
    struct lk_input in = world_chance(w, 120 >> 2 * w->calm) ? anything(w) : sensible(w, &v);
    bool in_vain = in.kind == LK_IN_CODE && !(in.found && in.code_live);
    if (in_vain && world_chance(w, 450 * w->calm)) {
        return;
    }
    if (world_person(w, &in)) {
        compare_buttons(w, &v, &in);
    }
}

/* --- upstream ------------------------------------------------------------------------------------------------------
 */

static struct lk_input command(struct world *w, enum lk_command_kind kind)
{
    struct lk_input in = world_input(LK_IN_COMMAND);
    in.command.kind = kind;
    (void)snprintf(in.command.jti, sizeof(in.command.jti), "j%u", ++w->ids);
    in.command.digest[0] = 1;
    (void)lk_text_copy(in.command.issuer, sizeof(in.command.issuer), "postal");
    in.command.item.door = LK_NO_DOOR;
    return in;
}

static void name_item(const struct world *w, struct lk_input *in, const char *id)
{
    (void)lk_text_copy(in->command.item.id, sizeof(in->command.item.id), id);
    facts_of_item(w, in, id);
}

/* The code of another item of the same person that lies here: it opens both, one after the other. */
static uint64_t code_of_same(const struct world *w, const struct lk_item *item, uint64_t number)
{
    for (int i = 0; i < MODEL_SECRETS; i++) {
        const struct model_secret *s = &w->store.secret[i];
        const struct lk_item *other = s->used && s->live ? model_store_item(&w->store, s->item) : NULL;
        if (other && s->code != 0 && s->holder == LK_HOLDER_RECIPIENT && model_same_person(other, item)) {
            return s->code;
        }
    }
    return number;
}

/* As the engine finds it: a live code may only become another item's of the same person, and the same holder's. */
static bool is_others(const struct world *w, uint64_t number, const char *id, const struct lk_item *person,
                      enum lk_holder holder)
{
    for (int i = 0; i < MODEL_SECRETS; i++) {
        const struct model_secret *s = &w->store.secret[i];
        const struct lk_item *item = s->used && s->live ? model_store_item(&w->store, s->item) : NULL;
        bool theirs = item && s->holder == holder && (strcmp(item->id, id) == 0 || model_same_person(item, person));
        if (item && number != 0 && s->code == number && !theirs) {
            return true;
        }
    }
    return false;
}

/* A friend is sent. */
static void grant(struct world *w)
{
    struct lk_input in = command(w, LK_CMD_DELEGATE_GRANT);
    const struct lk_item *item = some_item(w, world_chance(w, 800) ? LK_CUSTODY_IN_LOCKER : LK_CUSTODY_NONE);
    uint64_t number = (uint64_t)world_between(w, 1, CODES);
    name_item(w, &in, item ? item->id : "nothing");
    in.code_in_use = is_others(w, number, in.command.item.id, &in.item, LK_HOLDER_DELEGATE);
    in.secret = model_secret(number, 0);
    (void)lk_text_copy(in.secret.tail, sizeof(in.secret.tail), world_chance(w, 900) ? "7777" : "");
    (void)world_person(w, &in);
}

/* What becomes of codes: a new one, none, a friend's taken back. */
static void codes(struct world *w)
{
    static const enum lk_command_kind kinds[] = {LK_CMD_CODE_REISSUE, LK_CMD_CODE_REVOKE, LK_CMD_DELEGATE_REVOKE};
    struct lk_input in = command(w, kinds[world_between(w, 0, 2)]);
    bool shown = w->core.session.screen == LK_SCREEN_SECOND && world_chance(w, 700);
    const struct lk_item *item = some_item(w, LK_CUSTODY_IN_LOCKER);
    name_item(w, &in, shown ? w->core.session.item.id : item ? item->id : "nothing");
    uint64_t number = (uint64_t)world_between(w, 1, CODES);
    in.code_in_use = is_others(w, number, in.command.item.id, &in.item, LK_HOLDER_RECIPIENT);
    in.secret = model_secret(number, 0);
    (void)world_person(w, &in);
}

static void announce(struct world *w)
{
    struct lk_input in = command(w, LK_CMD_ITEM_ANNOUNCE);
    const struct lk_item *known = world_chance(w, 200) ? some_item(w, LK_CUSTODY_NONE) : NULL;
    struct envelope *e = known ? NULL : world_chance(w, 200) ? some_envelope(w) : new_envelope(w);
    if (!known && !e) {
        return;
    }
    name_item(w, &in, known ? known->id : e->id);
    in.command.item.size = (enum lk_size)world_between(w, 0, LK_SIZE_L);
    in.command.item.low_reach = world_chance(w, 150);
    staff_details(w, &in.command.item);
    citizens_details(w, &in.command.item);
    uint64_t number = world_chance(w, 850) ? (uint64_t)world_between(w, 1, CODES) : 0;
    /* what is told again of a known one does not say whose it is */
    const struct lk_item *person = in.found ? &in.item : &in.command.item;
    number = world_chance(w, 300) ? code_of_same(w, person, number) : number;
    in.code_in_use = is_others(w, number, in.command.item.id, person, LK_HOLDER_RECIPIENT);
    in.secret = model_secret(number, world_chance(w, 700) ? FIRST_TOKEN + w->ids : 0);
    (void)world_person(w, &in);
}

static void upstream(struct world *w)
{
    int64_t what = world_between(w, 0, 99);
    struct lk_input in;
    if (world_chance(w, 300)) {
        world_chance(w, 850) ? postal_command(w) : postal_calendar(w);
        return;
    }
    if (what < 65) {
        (what < 8 ? grant : what < 12 ? codes : announce)(w);
        return;
    }
    if (what < 70) {
        const struct lk_item *item = some_item(w, LK_CUSTODY_NONE);
        in = command(w, LK_CMD_ITEM_CANCEL);
        name_item(w, &in, item ? item->id : "nothing");
    } else if (what < 90) {
        in = command(w, LK_CMD_COMPARTMENT_OPEN);
        in.command.door = (int)world_between(w, -1, w->cfg.doors - 1);
    } else if (what < 97) {
        in = command(w, LK_CMD_STATUS_GET);
    } else {
        in = world_input(LK_IN_COMMAND_REFUSED);
        in.reason = LK_REASON_BAD_SIGNATURE;
    }
    (void)world_person(w, &in);
}

/* --- staff with lockerctl ------------------------------------------------------------------------------------------
 */

/* What an honest inspection finds; LK_CUSTODY_NONE: cannot be decided now. */
static enum lk_custody inspect(struct world *w, struct envelope *e)
{
    static const enum lk_custody gone[] = {LK_CUSTODY_AT_WINDOW, LK_CUSTODY_WITH_COURIER, LK_CUSTODY_RETURNED};
    if (e->where == WITH_RECIPIENT) {
        return LK_CUSTODY_COLLECTED;
    }
    if (e->where == BEHIND_DOOR && !w->door[e->door].open) {
        bool here = w->door[e->door].told == LK_SENSE_CLOSED && model_store_item(&w->store, e->id)->door == e->door;
        return here ? LK_CUSTODY_IN_LOCKER : LK_CUSTODY_NONE;
    }
    e->exempt = e->exempt || e->where == STOLEN;
    e->where = WITH_STAFF;
    return gone[world_between(w, 0, 2)];
}

static void settle(struct world *w)
{
    const struct lk_item *item = some_item(w, world_chance(w, 950) ? LK_CUSTODY_UNKNOWN : LK_CUSTODY_NONE);
    struct envelope *e = item ? cabinet_envelope(w, item->id) : NULL;
    struct lk_input in = world_input(LK_IN_ADMIN);
    if (!e) {
        return;
    }
    in.admin = LK_ADMIN_SETTLE;
    staff_member(w, &in, true);
    facts_of_item(w, &in, e->id);
    in.settle_to = item->custody == LK_CUSTODY_UNKNOWN ? inspect(w, e) : LK_CUSTODY_RETURNED;
    if (in.settle_to != LK_CUSTODY_NONE) {
        (void)world_person(w, &in);
    }
}

static void admin(struct world *w)
{
    struct lk_input in = world_input(LK_IN_ADMIN);
    int64_t what = world_between(w, 0, 99);
    staff_member(w, &in, true);
    in.door = (int)world_between(w, 0, w->cfg.doors - 1);
    if (what < 35) {
        settle(w);
        return;
    }
    if (world_chance(w, 250)) {
        staff_desk(w);
        return;
    }
    staff_second(w, &in);
    if (what < 55) {
        in.admin = LK_ADMIN_OPEN;
    } else if (what < 58) {
        in.admin = LK_ADMIN_BLOCK;
    } else if (what < 62) {
        in.admin = LK_ADMIN_CONFIRM;
        in.bank = w->cfg.door[in.door].bank;
        in.door = what < 60 ? in.door : LK_NO_DOOR;
    } else if (what < 88) {
        in.admin = LK_ADMIN_UNBLOCK;
        for (int i = 0; i < w->cfg.doors && w->core.door[in.door].use != LK_USE_BLOCKED; i++) {
            in.door = (in.door + 1) % w->cfg.doors;
        }
    } else {
        in.admin = LK_ADMIN_UNBLOCK;
        in.door = LK_NO_DOOR;
        in.bank = (int)world_between(w, 0, w->cfg.banks - 1);
    }
    (void)world_person(w, &in);
}

/* --- what else happens ---------------------------------------------------------------------------------------------
 */

static void board(struct world *w)
{
    int bank = (int)world_between(w, 0, w->cfg.banks - 1);
    if (!w->up || !w->board_up[bank]) {
        return;
    }
    bool stops = world_chance(w, 200);
    cabinet_board(w, bank, stops ? LK_BANK_STOPPED : LK_BANK_LOST,
                  stops ? LK_REASON_COIL_STUCK : LK_REASON_BOARD_SILENT);
    if (w->up) {
        int64_t away_ms = world_chance(w, 300) ? world_between(w, 20000, 120000) : world_between(w, 300, 8000);
        (void)world_plan(w, H_BACK, away_ms, bank);
    }
}

static void stop(struct world *w)
{
    if (w->stopping) {
        world_crash(w, "stopped as asked");
        return;
    }
    struct lk_input in = world_input(LK_IN_SHUTDOWN);
    w->stopping = world_person(w, &in);
}

static void clock_changes(struct world *w)
{
    struct lk_input in = world_input(LK_IN_CLOCK);
    in.clock = (enum lk_clock_quality)world_between(w, 0, LK_CLOCK_QUALITIES - 1);
    world_hardware(w, &in);
}

/* Upstream is away for so long, or comes back; from full to roomy in one step, too. */
static void room_changes(struct world *w)
{
    struct lk_input in = world_input(LK_IN_OUTBOX);
    in.outbox = (enum lk_outbox_level)world_between(w, 0, LK_OUTBOX_LEVELS - 1);
    world_hardware(w, &in);
}

/* The supply says that the power goes, or it is good again; the disk fills up, or there is room. Mostly all is well. */
static void limits_change(struct world *w)
{
    struct lk_input in = world_input(LK_IN_LIMITS);
    in.power_failing = world_between(w, 0, 3) == 0;
    in.disk_low = world_between(w, 0, 3) == 0;
    world_hardware(w, &in);
}

void people_world(struct world *w)
{
    int64_t what = world_between(w, 0, 999);
    if (what < 30) {
        cabinet_force(w, (int)world_between(w, 0, w->cfg.doors - 1));
    } else if (!w->up) {
        return;
    } else if (w->stopping && what < 400) {
        stop(w);
    } else if (what < 560) {
        upstream(w);
    } else if (what < 800 - 50 * (int64_t)w->calm) {
        admin(w);
    } else if (what < 890) {
        board(w);
    } else if (what < 920) {
        w->disk_bad_until = w->now_ms + world_between(w, 100, 30000);
    } else if (what < 940) {
        clock_changes(w);
    } else if (what < 960) {
        world_crash(w, "killed between steps");
    } else if (what < 965) {
        stop(w);
    } else if (what < 985) {
        room_changes(w);
    } else if (what < 995) {
        limits_change(w);
    }
}
