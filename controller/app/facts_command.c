/* Facts for the core about a command of upstream. */
#include "facts.h"

#include "store/find.h"
#include "store/log.h"
#include "store/memory.h"

#include <string.h>

static enum lk_holder holder_of(const struct lk_command *command)
{
    return command->kind == LK_CMD_DELEGATE_GRANT ? LK_HOLDER_DELEGATE : LK_HOLDER_RECIPIENT;
}

/* Whose the item is, or will be; NULL: not known, and then nobody is the same person. */
static const uint8_t *person_of(const struct lk_command *command, const struct lk_input *in)
{
    return command->item.has_phone           ? command->item.phone_mac
           : in->found && in->item.has_phone ? in->item.phone_mac
                                             : NULL;
}

static bool is_persons(const struct lk_item *item, const uint8_t *person)
{
    return person && item->has_phone && memcmp(item->phone_mac, person, sizeof(item->phone_mac)) == 0;
}

/* A code or token that lives already may only be given to the same person's items, and to the same holder: what a
 * delegate was given opens nothing that they were not given (law 8). */
static bool is_others(const struct lk_store_found *found, const struct lk_command *command, const uint8_t *person)
{
    bool own = strcmp(found->item.id, command->item.id) == 0 || is_persons(&found->item, person);
    return found->found && found->live && (!own || found->item.holder != holder_of(command));
}

static int codes_in_use(struct lk_store *store, const struct lk_stamp *now, const struct lk_command *command,
                        struct lk_input *in)
{
    const uint8_t *person = person_of(command, in);
    struct lk_store_found code = {0}, token = {0};
    bool used = false;
    int r = 0;
    if (command->code[0] != '\0') {
        r = lk_store_code_in_use(store, command->code, command->item.id, person, &used);
        r = r < 0 ? r : lk_store_find_code(store, now, command->code, &code);
    }
    if (r == 0 && command->token[0] != '\0') {
        r = lk_store_find_token(store, now, command->token, &token);
    }
    in->code_in_use = used || is_others(&code, command, person) || is_others(&token, command, person);
    return r;
}

static int secrets(struct lk_store *store, const struct lk_stamp *now, struct lk_command *command, struct lk_input *in)
{
    int r = codes_in_use(store, now, command, in);
    if (r == 0) {
        r = lk_store_make_secret(store, command->code, command->token, &in->secret);
    }
    in->secret.holder = holder_of(command);
    if (in->secret.holder == LK_HOLDER_DELEGATE) {
        memcpy(in->secret.tail, command->item.phone_tail, sizeof(in->secret.tail));
    }
    explicit_bzero(command->code, sizeof(command->code));
    explicit_bzero(command->token, sizeof(command->token));
    return r;
}

/* Another person than the item's: what opens it may open others of who it was. */
static int other_person(struct lk_store *store, const struct lk_command *command, struct lk_input *in)
{
    bool told = command->kind == LK_CMD_ITEM_UPDATE && (command->given & LK_GIVEN_PHONE) != 0;
    bool same = command->item.has_phone ? is_persons(&in->item, command->item.phone_mac)
                                        : strcmp(command->item.phone_tail, in->item.phone_tail) == 0;
    return told && in->found && !same ? lk_store_code_shared(store, command->item.id, &in->code_in_use) : 0;
}

static int phone(struct lk_store *store, struct lk_command *command)
{
    int r = 0;
    if (command->phone[0] != '\0') {
        r = lk_store_phone(store, command->phone, command->item.phone_mac);
        command->item.has_phone = r == 0;
    }
    explicit_bzero(command->phone, sizeof(command->phone));
    return r;
}

int lk_facts_member(struct lk_store *store, const char *badge, struct lk_member *member, struct lk_input *in)
{
    struct lk_store_staff staff;
    bool found = false;
    int r = lk_store_staff_by_id(store, member->id, &found, &staff);
    in->member_role = r == 0 && found ? staff.role : LK_ACTOR_SYSTEM;
    member->has_badge = badge[0] != '\0';
    if (r == 0 && member->has_badge) {
        r = lk_store_badge_mac(store, badge, member->badge_mac);
        r = r < 0 ? r : lk_store_staff_by_badge(store, badge, &found, &staff);
        in->badge_in_use = r == 0 && found && strcmp(staff.id, member->id) != 0;
    }
    explicit_bzero(&staff, sizeof(staff));
    return r;
}

static int about_staff(struct lk_store *store, struct lk_command *command, struct lk_input *in)
{
    int r = command->member.id[0] != '\0' ? lk_facts_member(store, command->badge, &command->member, in) : 0;
    explicit_bzero(command->badge, sizeof(command->badge));
    return r;
}

int lk_facts_command(struct lk_store *store, const struct lk_stamp *now, const struct lk_core_config *cfg,
                     struct lk_command *command, struct lk_input *ret_input)
{
    struct lk_input in = lk_engine_input(LK_IN_COMMAND);
    int r = phone(store, command);
    if (r == 0 && command->item.id[0] != '\0') {
        r = lk_facts_item(store, now, command->item.id, &in);
    }
    if (r == 0) {
        r = secrets(store, now, command, &in);
    }
    if (r == 0) {
        r = other_person(store, command, &in);
    }
    if (r == 0) {
        r = about_staff(store, command, &in);
    }
    in.first_seq = lk_store_first_seq(store);
    in.last_seq = lk_store_last_seq(store);
    if (command->compartment[0] != '\0') {
        command->door = lk_core_find_door(cfg, command->compartment);
    }
    in.command = *command;
    if (r == 0) {
        *ret_input = in;
    }
    return r;
}
