#include "check.h"

#include "base/cleanup.h"
#include "uplink/topic.h"

#include <errno.h>
#include <string.h>

static const struct lk_uplink_site site = {"yulin", "hall-1"};

static void writes_the_topics_of_the_design(void **state)
{
    (void)state;
    static const struct {
        enum lk_topic topic;
        const char *class, *want;
        bool retained;
    } rows[] = {
        {LK_TOPIC_EVT, "item", "locker/v1/yulin/hall-1/evt/item", false},
        {LK_TOPIC_EVT, "audit", "locker/v1/yulin/hall-1/evt/audit", false},
        {LK_TOPIC_PRESENCE, NULL, "locker/v1/yulin/hall-1/state/presence", true},
        {LK_TOPIC_COMPARTMENTS, NULL, "locker/v1/yulin/hall-1/state/compartments", true},
        {LK_TOPIC_HEALTH, NULL, "locker/v1/yulin/hall-1/state/health", true},
        {LK_TOPIC_RSP, NULL, "locker/v1/yulin/hall-1/rsp", false},
        {LK_TOPIC_CMD, NULL, "locker/v1/yulin/hall-1/cmd", false},
        {LK_TOPIC_ACK, NULL, "locker/v1/yulin/hall-1/ack", false},
    };
    for (size_t i = 0; i < LK_ARRAY_SIZE(rows); i++) {
        char buf[LK_TOPIC_MAX];
        assert_int_equal(lk_topic_write(&site, rows[i].topic, rows[i].class, buf, sizeof(buf)), 0);
        assert_string_equal(buf, rows[i].want);
        assert_int_equal(lk_topic_retained(rows[i].topic), rows[i].retained);
    }
}

static void refuses_what_is_no_topic(void **state)
{
    (void)state;
    char buf[LK_TOPIC_MAX];
    assert_int_equal(lk_topic_write(&site, LK_TOPIC_EVT, NULL, buf, sizeof(buf)), -EINVAL);
    assert_int_equal(lk_topic_write(&site, LK_TOPIC_EVT, "weather", buf, sizeof(buf)), -EINVAL);
    assert_int_equal(lk_topic_write(&site, LK_TOPIC_RSP, "item", buf, sizeof(buf)), -EINVAL);
    assert_int_equal(lk_topic_write(&site, LK_TOPICS, NULL, buf, sizeof(buf)), -EINVAL);
    assert_int_equal(lk_topic_write(&site, LK_TOPIC_RSP, NULL, buf, 10), -ENAMETOOLONG);
}

static void longest_ids_fit(void **state)
{
    (void)state;
    struct lk_uplink_site longest;
    char buf[LK_TOPIC_MAX];
    memset(&longest, 'x', sizeof(longest));
    longest.operator_id[LK_OPERATOR_MAX] = '\0';
    longest.site_id[LK_SITE_MAX] = '\0';
    assert_true(lk_uplink_site_ok(&longest));
    assert_int_equal(lk_topic_write(&longest, LK_TOPIC_COMPARTMENTS, NULL, buf, sizeof(buf)), 0);
}

static void ids_with_slashes_or_wildcards_are_no_ids(void **state)
{
    (void)state;
    static const struct lk_uplink_site bad[] = {{"", "a"},  {"a", ""},  {"a/b", "c"},
                                                {"a", "+"}, {"#", "a"}, {"a b", "c"}};
    for (size_t i = 0; i < LK_ARRAY_SIZE(bad); i++) {
        assert_false(lk_uplink_site_ok(&bad[i]));
    }
}

static void every_event_type_has_its_class(void **state)
{
    (void)state;
    for (int type = 0; type < LK_EVENT_TYPES; type++) {
        const char *name = lk_event_type_name((enum lk_event_type)type);
        const char *class = lk_topic_class((enum lk_event_type)type);
        assert_int_equal(strncmp(name, class, strlen(class)), 0);
        assert_int_equal(name[strlen(class)], '.');
    }
}

static void knows_what_it_listens_to(void **state)
{
    (void)state;
    static const struct {
        const char *topic;
        enum lk_topic want;
    } rows[] = {
        {"locker/v1/yulin/hall-1/cmd", LK_TOPIC_CMD},
        {"locker/v1/yulin/hall-1/ack", LK_TOPIC_ACK},
        {"locker/v1/yulin/hall-1/cmdx", LK_TOPICS},
        {"locker/v1/yulin/hall-1/cm", LK_TOPICS},
        {"locker/v1/yulin/hall-2/cmd", LK_TOPICS},
        {"locker/v1/yulin/hall-1/rsp", LK_TOPICS},
        {"", LK_TOPICS},
    };
    for (size_t i = 0; i < LK_ARRAY_SIZE(rows); i++) {
        assert_int_equal(lk_topic_received(&site, rows[i].topic, strlen(rows[i].topic)), rows[i].want);
    }
}

static void answers_only_where_it_can_do_no_harm(void **state)
{
    (void)state;
    static const struct {
        const char *topic;
        bool want;
    } rows[] = {
        {"office/answers/7", true},
        {"locker/v1/yulin/hall-1/rsp", true},
        {"locker/v1/yulin/hall-1/evt/item", false},
        {"locker/v1/yulin/hall-1/state/presence", false},
        {"locker/v1/yulin/hall-2/cmd", false},
        {"locker/v1/yulin/hall-2/rsp", false},
        {"$SYS/broker", false},
        {"office/+", false},
        {"office/#", false},
        {"office/\x01", false},
        {"office/\xff", false},
        {"", false},
    };
    for (size_t i = 0; i < LK_ARRAY_SIZE(rows); i++) {
        assert_int_equal(lk_topic_answerable(&site, rows[i].topic, strlen(rows[i].topic)), rows[i].want);
    }
    char longest[300];
    memset(longest, 'x', sizeof(longest));
    assert_true(lk_topic_answerable(&site, longest, 256));
    assert_false(lk_topic_answerable(&site, longest, 257));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(writes_the_topics_of_the_design),
        cmocka_unit_test(refuses_what_is_no_topic),
        cmocka_unit_test(longest_ids_fit),
        cmocka_unit_test(ids_with_slashes_or_wildcards_are_no_ids),
        cmocka_unit_test(every_event_type_has_its_class),
        cmocka_unit_test(knows_what_it_listens_to),
        cmocka_unit_test(answers_only_where_it_can_do_no_harm),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
