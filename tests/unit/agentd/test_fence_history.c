/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A loss is told whole: by what proof, how long that took, and how long its services. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "agentd/fence_history.h"
#include "ha/base/json.h"

/* "AT KIND SUBJECT TO CODE ABOUT" */
static json_t *event_of(const char *line)
{
    char kind[16], subject[32], to[16], code[40], about[32] = "";
    long long at;
    json_t *event;

    assert_true(
        sscanf(line, "%lld %15s %31s %15s %39s %31s", &at, kind, subject, to, code, about) >= 5);
    event = json_pack("{s:I,s:s,s:s,s:s,s:s,s:s,s:{s:s}}", "at", (json_int_t)at, "kind", kind,
                      "subject", subject, "to", to, "code", code, "why", "words", "about", "node",
                      about);
    if (strcmp(kind, "service") == 0)
        json_object_set_new(event, "service", json_string(subject));
    return event;
}

/* "NODE AT PROOF PROOF_MS SERVICES WAITING AGAIN_MS", -1: not yet. */
static void assert_history(const char *const *lines, const char *wanted)
{
    struct fence_history *history = fence_history_new();
    char said[512] = "";
    const json_t *row;
    size_t i;

    for (; *lines; lines++) {
        autojson *events = json_pack("[o]", event_of(*lines));

        fence_history_take(history, events);
    }
    json_array_foreach(fence_history_rows(history), i, row)
        snprintf(said + strlen(said), sizeof(said) - strlen(said),
                 "%s%s %lld %s %lld %lld %lld %lld", i ? "; " : "", json_text(row, "node", ""),
                 (long long)json_int(row, "at", 0), json_text(row, "proof", ""),
                 (long long)json_int(row, "proof_ms", 0), (long long)json_int(row, "services", 0),
                 (long long)json_int(row, "waiting", 0), (long long)json_int(row, "again_ms", -1));
    assert_string_equal(said, wanted);
    fence_history_free(history);
}

static void a_loss_is_told_with_its_times(void **state)
{
    static const char *const lines[] = {
        "1000 service ocf:a started RUNS_NOW alpha",
        "2000 node alpha unknown NODE_SILENT alpha",
        "7000 node alpha fence NODE_PROVEN_OFF alpha",
        "7000 service ocf:a fence ITS_NODE_IS_OFF alpha",
        "7000 service ocf:b fence ITS_NODE_IS_OFF alpha",
        "7000 service ocf:a started LEAST_LOAD beta",
        "7200 service ocf:a started RUNS_NOW beta",
        "7900 service ocf:b started RUNS_NOW beta",
        "9000 node alpha online NODE_BOOTED alpha",
        NULL,
    };

    (void)state;
    assert_history(lines, "alpha 7000 watchdog 5000 2 0 900");
}

static void what_does_not_run_yet_is_told(void **state)
{
    static const char *const lines[] = {
        "2000 node alpha unknown NODE_SILENT alpha",
        "3000 node alpha fence NODE_CONFIRMED_OFF alpha",
        "3000 service ocf:a fence ITS_NODE_IS_OFF alpha",
        "3000 service ocf:b fence ITS_NODE_IS_OFF alpha",
        "3900 service ocf:b started RUNS_NOW beta",
        NULL,
    };

    (void)state;
    assert_history(lines, "alpha 3000 word 1000 2 1 -1");
}

static void what_is_wanted_no_more_does_not_wait(void **state)
{
    static const char *const lines[] = {
        "3000 node alpha fence NODE_PROVEN_OFF alpha",
        "3000 service ocf:a fence ITS_NODE_IS_OFF alpha",
        "3900 service ocf:a stopped POLICY_STOPS beta",
        NULL,
    };

    (void)state;
    assert_history(lines, "alpha 3000 watchdog 0 1 0 900");
}

/* The second silence is not counted from the first, and each loss has its own services. */
static void losses_are_kept_apart(void **state)
{
    static const char *const lines[] = {
        "1000 node alpha unknown NODE_SILENT alpha",
        "1500 node alpha online NODE_BACK_IN_TIME alpha",
        "2000 node alpha fence NODE_REBOOTED alpha",
        "2000 service ocf:a fence ITS_NODE_REBOOTED alpha",
        "2000 node alpha online NODE_BOOTED alpha",
        "2100 service ocf:a started RUNS_NOW alpha",
        "3000 node alpha unknown NODE_SILENT alpha",
        "4000 node beta unknown NODE_SILENT beta",
        "9000 node alpha fence NODE_PROVEN_OFF alpha",
        "9000 service ocf:a fence ITS_NODE_IS_OFF alpha",
        "9500 node beta fence NODE_NOT_ARMED beta",
        "9600 service ocf:a started RUNS_NOW gamma",
        NULL,
    };

    (void)state;
    assert_history(lines, "alpha 2000 new boot 0 1 0 100; alpha 9000 watchdog 6000 1 0 600; "
                          "beta 9500 not armed 5500 0 0 -1");
}

static void who_left_in_good_order_was_not_lost(void **state)
{
    static const char *const lines[] = {
        "1000 node alpha fence NODE_PROVEN_OFF alpha",
        "1100 node alpha online NODE_BOOTED alpha",
        "2000 node alpha unknown NODE_SILENT alpha",
        "2100 node alpha fence NODE_LEFT alpha",
        "2100 service ocf:a fence ITS_NODE_IS_OFF alpha",
        "2200 service ocf:a started RUNS_NOW beta",
        NULL,
    };

    (void)state;
    assert_history(lines, "alpha 1000 watchdog 0 0 0 -1");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_loss_is_told_with_its_times),
        cmocka_unit_test(what_does_not_run_yet_is_told),
        cmocka_unit_test(what_is_wanted_no_more_does_not_wait),
        cmocka_unit_test(losses_are_kept_apart),
        cmocka_unit_test(who_left_in_good_order_was_not_lost),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
