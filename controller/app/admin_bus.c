#include "app.h"
#include "metrics.h"

#include "base/cleanup.h"

#include <stdlib.h>
#include <string.h>

json_t *lk_admin_fieldbuses_json(struct lk_app *app)
{
    json_t *list = json_array();
    for (unsigned i = 0; i < app->config->fieldbuses; i++) {
        const struct lk_config_fieldbus *line = &app->config->fieldbus[i];
        const char *state = lk_fieldbus_up(lk_cabinet_fieldbus(app->cabinet, i)) ? "up" : "down";
        json_array_append_new(list, json_pack("{s:s, s:s, s:s}", "name", line->name, "transport",
                                              line->transport == LK_CONFIG_RTU ? "rtu" : "tcp", "state", state));
    }
    return list;
}

/* Of the time the line was up, in thousandths. */
static json_int_t share_permille(const struct lk_fb_stats *s)
{
    return s->line_ns == 0 ? 0 : (json_int_t)(s->busy_ns * 1000 / s->line_ns);
}

static json_t *board_json(struct lk_app *app, const struct lk_metrics_board *board)
{
    struct lk_fb_stats s = {0};
    (void)lk_fieldbus_stats(lk_cabinet_fieldbus(app->cabinet, board->line), (uint8_t)board->unit, &s);
    json_t *json = json_pack("{s:s, s:i, s:s, s:s, s:s, s:b}", "bank", board->bank->name, "unit", (int)board->unit,
                             "role", board->inputs_only ? "inputs" : "locks", "profile",
                             board->inputs_only ? board->bank->inputs_profile : board->bank->profile, "state",
                             lk_admin_bank_state(&lk_engine_core(app->engine)->bank[board->bank_index]), "quarantined",
                             s.quarantined);
    const struct {
        const char *key;
        uint64_t value;
    } numbers[] = {
        {"requests", s.requests},
        {"ok", s.ok},
        {"timeouts", s.timeouts},
        {"crc", s.crc},
        {"bad", s.bad},
        {"exceptions", s.exceptions},
        {"late", s.late},
        {"doubled", s.doubled},
        {"probes", s.probes},
        {"min_us", s.latency_min_us},
        {"p50_us", s.latency_p50_us},
        {"p99_us", s.latency_p99_us},
        {"mean_us", s.latency_mean_us},
        {"max_us", s.latency_max_us},
        {"longest_gap_ms", s.longest_gap_ms},
        {"timeout_ms", s.timeout_ms},
        {"share_permille", (uint64_t)share_permille(&s)},
    };
    for (size_t i = 0; i < LK_ARRAY_SIZE(numbers); i++) {
        json_object_set_new(json, numbers[i].key, json_integer((json_int_t)numbers[i].value));
    }
    return json;
}

static json_t *gpio_json(struct lk_app *app)
{
    json_t *list = json_array();
    for (unsigned i = 0; i < app->config->banks; i++) {
        const struct lk_config_bank *bank = &app->config->bank[i];
        if (bank->gpio) {
            const struct lk_bank *state = &lk_engine_core(app->engine)->bank[i];
            json_array_append_new(list, json_pack("{s:s, s:s, s:s, s:s}", "bank", bank->name, "chip", bank->gpio_chip,
                                                  "state", lk_admin_bank_state(state), "complaint",
                                                  lk_cabinet_complaint(app->cabinet, (int)i)));
        }
    }
    return list;
}

void lk_admin_bus(void *user, struct lk_admin_request *request, const json_t *args)
{
    (void)args;
    struct lk_app *app = user;
    json_t *lines = lk_admin_fieldbuses_json(app);
    struct lk_metrics_board board;
    for (unsigned i = 0; i < app->config->fieldbuses; i++) {
        json_object_set_new(json_array_get(lines, i), "units", json_array());
    }
    for (unsigned n = 0; lk_metrics_board_at(app->config, n, &board); n++) {
        json_array_append_new(json_object_get(json_array_get(lines, board.line), "units"), board_json(app, &board));
    }
    lk_admin_ok(request, json_pack("{s:o, s:o}", "fieldbuses", lines, "gpio", gpio_json(app)));
}

void lk_admin_metrics(void *user, struct lk_admin_request *request, const json_t *args)
{
    (void)args;
    LK_CLEANUP(lk_freep) char *buf = malloc(LK_METRICS_MAX);
    if (!buf) {
        lk_admin_fail(request, LK_REASON_NOT_NOW, "out of memory");
        return;
    }
    struct lk_text text = lk_text_init(buf, LK_METRICS_MAX);
    lk_metrics_text(user, &text);
    if (text.truncated) {
        lk_admin_fail(request, LK_REASON_OVERSIZE, "the metrics are longer than there is room for");
        return;
    }
    lk_admin_ok(request, json_pack("{s:s#}", "text", text.buf, (json_int_t)text.len));
}
