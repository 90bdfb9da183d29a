/* What a person shows at the window, and what a new drop-off is called. */
#include "store/find.h"

#include "base/cleanup.h"
#include "sql.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

enum { PHONE_LEAST = 5, PHONE_MOST = 20, TAIL = 4, RECEIPT_TRIES = 32, RECEIPT_RANGE = 1000000000 };

static int proof_by_code(struct lk_store *store, const char *id, const char *digits, bool *ret_fits)
{
    uint8_t mac[32];
    int r = lk_key_mac(store->key, LK_KEY_CODE, digits, mac);
    if (r < 0) {
        return r;
    }
    LK_CLEANUP(lk_sql_resetp) sqlite3_stmt *stmt = LK_START(store, ST_PROOF_CODE, LK_B(mac, 32), LK_T(id));
    r = lk_sql_row(store, stmt);
    *ret_fits = r > 0;
    return r < 0 ? r : 0;
}

int lk_store_proof(struct lk_store *store, const char *id, const char *digits, enum lk_proof *ret_proof)
{
    static const struct lk_stamp no_clock = {.quality = LK_CLOCK_UNSYNCED};
    struct lk_store_found found = {0};
    bool fits = false;
    if (!lk_text_is_digits(digits, 1, PHONE_MOST)) {
        *ret_proof = LK_PROOF_NONE;
        return 0;
    }
    int r = proof_by_code(store, id, digits, &fits);
    r = r < 0 ? r : lk_store_find_item(store, &no_clock, id, &found);
    if (r == 0) {
        bool tail = found.found && strlen(digits) == TAIL && strcmp(found.item.phone_tail, digits) == 0;
        *ret_proof = fits ? LK_PROOF_CODE : tail ? LK_PROOF_TAIL : LK_PROOF_NONE;
    }
    return r;
}

static const char *without_country(const char *phone)
{
    static const char *const prefixes[] = {"+86", "0086"};
    for (size_t i = 0; i < LK_ARRAY_SIZE(prefixes); i++) {
        size_t n = strlen(prefixes[i]);
        if (strncmp(phone, prefixes[i], n) == 0) {
            return phone + n;
        }
    }
    return phone;
}

int lk_store_phone(struct lk_store *store, const char *phone, uint8_t ret_mac[32])
{
    char digits[PHONE_MOST + 1];
    size_t n = 0;
    for (const char *c = without_country(phone); *c != '\0'; c++) {
        if (*c == ' ') {
            continue;
        }
        if (!isdigit((unsigned char)*c) || n == PHONE_MOST) {
            explicit_bzero(digits, sizeof(digits));
            return -EINVAL;
        }
        digits[n++] = *c;
    }
    digits[n] = '\0';
    int r = n < PHONE_LEAST ? -EINVAL : lk_key_mac(store->key, LK_KEY_PHONE, digits, ret_mac);
    explicit_bzero(digits, sizeof(digits));
    return r;
}

static int random_receipt(char id[LK_ITEM_ID_MAX + 1])
{
    uint32_t value;
    do { /* the last part of the range would make some numbers more likely */
        if (getrandom(&value, sizeof(value), 0) != (ssize_t)sizeof(value)) {
            return -EIO;
        }
    } while (value >= UINT32_MAX / RECEIPT_RANGE * RECEIPT_RANGE);
    (void)snprintf(id, LK_ITEM_ID_MAX + 1, "D%09u", value % RECEIPT_RANGE);
    return 0;
}

int lk_store_new_receipt(struct lk_store *store, char ret_id[LK_ITEM_ID_MAX + 1])
{
    static const struct lk_stamp no_clock = {.quality = LK_CLOCK_UNSYNCED};
    for (int i = 0; i < RECEIPT_TRIES; i++) {
        char id[LK_ITEM_ID_MAX + 1];
        struct lk_store_found found = {0};
        int r = random_receipt(id);
        r = r < 0 ? r : lk_store_find_item(store, &no_clock, id, &found);
        if (r < 0) {
            return r;
        }
        if (!found.found) {
            memcpy(ret_id, id, sizeof(id));
            return 0;
        }
    }
    return -EIO;
}
