#include "rand.h"

uint64_t lk_cab_rand_next(struct lk_cab_rand *r)
{
    uint64_t z = (r->state += 0x9E3779B97F4A7C15u);
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9u;
    z = (z ^ z >> 27) * 0x94D049BB133111EBu;
    return z ^ z >> 31;
}

unsigned lk_cab_rand_below(struct lk_cab_rand *r, unsigned limit)
{
    return (unsigned)(lk_cab_rand_next(r) >> 33) % limit;
}

bool lk_cab_rand_chance(struct lk_cab_rand *r, double p)
{
    if (p >= 1.0) {
        return true;
    }
    return p > 0.0 && (double)(lk_cab_rand_next(r) >> 11) / 9007199254740992.0 < p;
}
