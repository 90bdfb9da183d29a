/* Codes that upstream asks the locker to make: made, sealed to upstream's key for the answer, and from here on treated
 * as one that upstream gave. What they say is nowhere else; only keyed hashes are kept (laws 8, 12). */
#include "postal_impl.h"
#include "store/find.h"

#include <errno.h>
#include <string.h>

bool lk_postal_makes_codes(const struct lk_postal *p)
{
    return p->trust.seal != NULL;
}

static int make(const struct lk_postal *p, struct lk_command *command)
{
    int r = command->make_code ? lk_store_new_code(p->store, p->config->code_digits, command->code) : 0;
    return r == 0 && command->make_token ? lk_store_new_token(command->token) : r;
}

int lk_postal_make_codes(const struct lk_postal *p, struct lk_command *command, struct lk_text *sealed)
{
    if (!command->make_code && !command->make_token) {
        return 0;
    }
    enum lk_holder holder = command->kind == LK_CMD_DELEGATE_GRANT ? LK_HOLDER_DELEGATE : LK_HOLDER_RECIPIENT;
    int r = make(p, command);
    /* Only what is made here: what upstream gave it knows. */
    const struct lk_seal_secret secret = {
        .site = p->site.site_id,
        .item_id = command->item.id,
        .holder = lk_holder_name(holder),
        .jti = command->jti,
        .code = command->make_code ? command->code : "",
        .token = command->make_token ? command->token : "",
        .iat = lk_clock_wall_ms(p->clock) / 1000,
    };
    r = r < 0 ? r : lk_seal(p->trust.seal, &secret, sealed);
    if (r < 0) {
        lk_log(LK_ERR, LK_BLAME_DEVICE, "a code cannot be %s: %s", r == -ENOSPC ? "made, hardly any is free" : "sealed",
               strerror(-r));
    }
    command->sealed = r == 0 ? sealed->buf : NULL;
    return r;
}
