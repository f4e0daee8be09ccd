/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The chain behind the present: what caused it is in, what merely happened is not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "agentd/chain.h"
#include "ha/base/json.h"
#include "ha/base/limits.h"

/* "VERSION KIND SUBJECT FROM TO CODE ABOUT": about names a node, or a service with its colon. */
static json_t *event_of(const char *line)
{
    char kind[16], subject[32], from[16], to[16], code[40], about[32] = "";
    long long version;
    json_t *event;

    assert_true(sscanf(line, "%lld %15s %31s %15s %15s %39s %31s", &version, kind, subject, from,
                       to, code, about) >= 6);
    event = json_pack("{s:I,s:s,s:s,s:s,s:s,s:s}", "version", (json_int_t)version, "kind", kind,
                      "subject", subject, "from", from, "to", to, "code", code);
    if (strcmp(kind, "service") == 0)
        json_object_set_new(event, "service", json_string(subject));
    if (about[0])
        json_object_set_new(event, "about",
                            json_pack("{s:s}", strchr(about, ':') ? "service" : "node", about));
    if (about[0] && strcmp(code, "BETTER_NODE") == 0)
        json_object_set_new(event, "about", json_pack("{s:s}", "other", about));
    return event;
}

static json_t *events_of(const char *const *lines)
{
    json_t *events = json_array();

    for (; *lines; lines++)
        json_array_append_new(events, event_of(*lines));
    return events;
}

/* The versions that are in the chain, one after the other. */
static void assert_chain_now(const char *const *lines, const char *service, const char *waits_for,
                             const char *wanted)
{
    autojson *events = events_of(lines);
    autojson *chain = chain_of(events, service, waits_for);
    char versions[256] = "";
    json_t *event;
    size_t i;

    json_array_foreach(chain, i, event)
        snprintf(versions + strlen(versions), sizeof(versions) - strlen(versions), "%s%lld",
                 i ? " " : "", (long long)json_int(event, "version", 0));
    assert_string_equal(versions, wanted);
}

static void assert_chain(const char *const *lines, const char *service, const char *wanted)
{
    assert_chain_now(lines, service, NULL, wanted);
}

static void a_recovery_leads_back_to_the_node_that_died(void **state)
{
    static const char *const lines[] = {
        "10 service ocf:a started started RUNS_NOW alpha",
        "11 node beta online maintenance MAINTENANCE_WANTED beta",
        "12 node alpha online unknown NODE_SILENT alpha",
        "13 service ocf:b started started RUNS_NOW beta",
        "14 node alpha unknown fence NODE_PROVEN_OFF alpha",
        "14 service ocf:a started fence ITS_NODE_IS_OFF alpha",
        "14 service ocf:a fence recovery LEASE_HAS_ENDED alpha",
        "14 service ocf:a recovery started LEAST_LOAD gamma",
        "15 service ocf:a started started RUNS_NOW gamma",
        "16 node alpha fence online NODE_BOOTED alpha",
        NULL,
    };

    (void)state;
    assert_chain(lines, "ocf:a", "10 12 14 14 14 14 15");
    assert_chain(lines, "ocf:b", "13");
}

static void a_node_that_is_silent_now_is_the_cause_of_the_wait(void **state)
{
    static const char *const lines[] = {
        "9 node alpha fence online NODE_BOOTED alpha",
        "10 service ocf:a started started RUNS_NOW alpha",
        "12 node alpha online unknown NODE_SILENT alpha",
        "13 node beta online unknown NODE_SILENT beta",
        NULL,
    };

    (void)state;
    assert_chain_now(lines, "ocf:a", "alpha", "10 12");
    assert_chain(lines, "ocf:a", "10");
}

static void going_home_leads_to_the_return_of_its_node(void **state)
{
    static const char *const lines[] = {
        "10 service ocf:a started started RUNS_NOW gamma",
        "11 node alpha unknown fence NODE_PROVEN_OFF alpha",
        "16 node alpha fence online NODE_BOOTED alpha",
        "17 service ocf:a started relocate BETTER_NODE alpha",
        NULL,
    };

    (void)state;
    assert_chain(lines, "ocf:a", "10 16 17");
}

static void a_push_and_a_partner_are_causes(void **state)
{
    static const char *const pushed[] = {"3 policy policy - 7 PUSHED",
                                         "4 service ocf:a - request_start ADDED",
                                         "4 service ocf:b - request_start ADDED", NULL};
    static const char *const partner[] = {"5 service ocf:a started relocate PARTNER_FAILED ocf:b",
                                          "5 service ocf:b started relocate START_FAILED beta",
                                          "6 service ocf:b relocate started MOVED beta", NULL};

    (void)state;
    assert_chain(pushed, "ocf:a", "3 4");
    /* What was decided in the same step may be written behind it. */
    assert_chain(partner, "ocf:a", "5 5");
}

static void a_reason_of_another_version_causes_nothing(void **state)
{
    static const char *const lines[] = {"3 node alpha online unknown NODE_SILENT alpha",
                                        "5 service ocf:a started fence WHO_KNOWS alpha", NULL};

    (void)state;
    assert_chain(lines, "ocf:a", "5");
}

/* Each looks for its cause, which is far away: by search that would be fifty million looks. */
static void thousands_of_recoveries_have_one_cause(void **state)
{
    autojson *events = json_array();
    autojson *chain = NULL;

    (void)state;
    json_array_append_new(events, event_of("1 node alpha online unknown NODE_SILENT alpha"));
    json_array_append_new(events, event_of("1 node beta online unknown NODE_SILENT beta"));
    for (int version = 2; version < EVENTS_KEPT_MAX; version++) {
        char line[96];

        snprintf(line, sizeof(line), "%d service ocf:a fence recovery ITS_NODE_IS_OFF alpha",
                 version);
        json_array_append_new(events, event_of(line));
    }
    chain = chain_of(events, "ocf:a", NULL);
    assert_int_equal(json_array_size(chain), EVENTS_KEPT_MAX - 1);
    assert_string_equal(json_text(json_array_get(chain, 0), "subject", ""), "alpha");
}

static void the_story_begins_where_it_last_was_at_rest(void **state)
{
    static const char *const lines[] = {"1 service ocf:a - request_start ADDED",
                                        "2 service ocf:a started started RUNS_NOW alpha",
                                        "3 service ocf:a request_stop stopped STOPPED_NOW alpha",
                                        "4 service ocf:a stopped request_start WANTED_STARTED",
                                        "5 service ocf:a started started RUNS_NOW alpha",
                                        NULL};
    autojson *events = events_of(lines);
    autojson *none = json_array();

    (void)state;
    assert_int_equal(chain_begin(events), 2);
    json_array_remove(events, 4);
    assert_int_equal(chain_begin(events), 2);
    assert_int_equal(chain_begin(none), 0);
}

static void a_line_is_found_by_its_number(void **state)
{
    static const char policy[] = "cluster a\n\n  rule r: keep a apart \r\nlast";
    static const struct {
        int line;
        const char *wanted;
    } rows[] = {{1, "cluster a"}, {2, ""}, {3, "rule r: keep a apart"}, {4, "last"}, {5, ""},
                {0, ""},          {-1, ""}};

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        autojson *line = chain_line(policy, rows[i].line);

        assert_string_equal(json_string_value(line), rows[i].wanted);
    }
}

#define TEST(name) cmocka_unit_test(name)

int main(void)
{
    static const struct CMUnitTest tests[] = {
        TEST(a_recovery_leads_back_to_the_node_that_died),
        TEST(a_node_that_is_silent_now_is_the_cause_of_the_wait),
        TEST(going_home_leads_to_the_return_of_its_node),
        TEST(a_push_and_a_partner_are_causes),
        TEST(a_reason_of_another_version_causes_nothing),
        TEST(thousands_of_recoveries_have_one_cause),
        TEST(the_story_begins_where_it_last_was_at_rest),
        TEST(a_line_is_found_by_its_number),
    };

    return cmocka_run_group_tests_name("chain", tests, NULL, NULL);
}
