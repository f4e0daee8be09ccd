/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Drills as texts: what they come to, and what is said about slips in them. */
#include "tests/unit/dsl/dsl_test.h"

#include <stdlib.h>
#include <string.h>

#include "dsl/drill.h"

#define SERVICES                                                                                   \
    THREE_NODES "let fast = alpha, beta\nfencing { watchdog 5s }\n"                                \
                "service vm:a, vm:b, vm:c\nrule r: try vm:* apart\n"
/* p and q contradict each other; r has nothing to do with them. */
#define CONFLICTS                                                                                  \
    THREE_NODES "fencing { watchdog 5s }\nservice vm:a, vm:b, vm:c { state started }\n"            \
                "rule p: keep vm:a, vm:b together\nrule q: keep vm:a, vm:b apart\n"                \
                "rule r: keep vm:b, vm:c apart\n"
#define HEAD "drill \"x\"\npolicy \"p\"\n"

struct reading {
    struct arena *arena;
    struct diagnostics *diagnostics;
    struct drill drill;
    bool is_right;
};

static const char *read_file(void *context, struct arena *arena, const char *name, size_t *length,
                             struct err *err)
{
    const char *text = strcmp(name, "p") == 0       ? SERVICES
                       : strcmp(name, "other") == 0 ? THREE_NODES "service vm:z\n"
                       : strcmp(name, "wrong") == 0 ? THREE_NODES "servce vm:z\n"
                       : strcmp(name, "rules") == 0 ? CONFLICTS
                       : strcmp(name, "nodes") == 0 ? "cluster home\nnode delta\n"
                                                    : NULL;

    (void)context;
    (void)arena;
    if (!text) {
        err_set(err, "cannot read %s: no such file", name);
        return NULL;
    }
    *length = strlen(text);
    return text;
}

static struct reading read_drill(const char *text)
{
    struct drill_source source = {.read = read_file};
    struct reading r = {.arena = arena_new()};

    r.diagnostics = arena_alloc(r.arena, sizeof(*r.diagnostics));
    diagnostics_init(r.diagnostics, r.arena, "x.drill", text, strlen(text));
    r.is_right = drill_compile(r.diagnostics, &source, &r.drill);
    return r;
}

/* All that is said of a text: "2 T0106, 3 T0212". */
static void assert_said(const char *text, const char *said)
{
    struct reading r = read_drill(text);
    const char *all = "";

    for (int i = 0; i < r.diagnostics->n_list; i++)
        all = arena_printf(r.arena, "%s%s%d %s", all, *all ? ", " : "",
                           r.diagnostics->list[i].at.line,
                           diagnostic_code_name(r.diagnostics->list[i].code));
    assert_string_equal(all, said);
    arena_free(r.arena);
}

static void a_policy_is_no_drill_and_said_to_be_none_once(void **state)
{
    struct reading r = read_drill("# A home.\n\ncluster home\nnode alpha\nservice vm:a\n"
                                  "drill \"y\" { power on alpha }\n}\n");

    (void)state;
    assert_false(r.is_right);
    assert_int_equal(r.diagnostics->n_list, 1);
    assert_int_equal(r.diagnostics->list[0].at.line, 3);
    assert_string_equal(diagnostic_code_name(r.diagnostics->list[0].code), "T0513");
    assert_string_equal(r.diagnostics->list[0].hint,
                        "this plays the drills in it: tenuto policy check x.drill");
    arena_free(r.arena);
}

static void rules_in_conflict_are_set_aside_and_named(void **state)
{
    struct reading r =
        read_drill("drill \"x\"\npolicy \"rules\"\nat 0s add vm:d { state started }\n");

    (void)state;
    assert_true(r.is_right);
    assert_int_equal(r.drill.policy->n_rules, 1);
    assert_string_equal(r.drill.policy->rules[0].name, "r");
    assert_int_equal(r.diagnostics->n_errors, 0);
    assert_int_equal(r.diagnostics->n_warnings, 1);
    assert_string_equal(diagnostic_code_name(r.diagnostics->list[0].code), "T0507");
    assert_string_equal(r.diagnostics->list[0].words,
                        "rules would be refused when pushed, for its line 8: vm:a and vm:b are to "
                        "be kept apart here and together elsewhere");
    assert_string_equal(r.diagnostics->list[0].hint, "this drill sets aside rule p, rule q");
    arena_free(r.arena);
}

static void steps_have_their_times_nodes_and_services(void **state)
{
    struct reading r = read_drill(HEAD "at 0s power on alpha, beta\nat 2m cut fast\n"
                                       "within 30s expect vm:a started on gamma, beta\n"
                                       "at 3m fail start vm:b, vm:c on beta 2 times\n"
                                       "at 3m usage vm:a cpu 0.25 memory 3G\n"
                                       "at 4m fail stop vm:a always exit 5\n"
                                       "at 4m fail start vm:a 3 times exit 2\n");
    const struct drill_step *step = r.drill.steps;

    (void)state;
    assert_true(r.is_right);
    assert_string_equal(r.drill.name, "x");
    assert_int_equal(r.drill.n_steps, 8);
    assert_int_equal(step[0].verb, DRILL_POWER_ON);
    assert_int_equal(step[0].nodes, 3);
    assert_int_equal(step[1].at.ms, 120000);
    assert_int_equal(step[1].nodes, 3);
    assert_string_equal(step[1].text, "cut fast");
    assert_int_equal(step[2].at.ms, 120000);
    assert_int_equal(step[2].within.ms, 30000);
    assert_int_equal(step[2].number, SERVICE_STARTED);
    assert_int_equal(step[2].nodes, 6);
    assert_string_equal(step[3].service, "vm:b");
    assert_string_equal(step[4].service, "vm:c");
    assert_int_equal(step[4].number, 2);
    assert_int_equal(step[4].nodes, 2);
    assert_int_equal(step[5].number, 250);
    assert_int_equal(step[5].memory, (int64_t)3 << 30);
    assert_int_equal(step[4].exit_code, 0);
    assert_int_equal(step[6].number, -1);
    assert_int_equal(step[6].exit_code, 5);
    assert_int_equal(step[7].number, 3);
    assert_int_equal(step[7].exit_code, 2);
    arena_free(r.arena);
}

static void each_change_is_a_policy_of_its_own(void **state)
{
    struct reading r = read_drill(HEAD "at 1s state vm:b disabled\nat 2s remove vm:a\n"
                                       "at 3s size vm:c cpus 1.5 memory 1G\n"
                                       "at 4s add vm:d { state stopped }\nat 5s add vm:a\n"
                                       "at 6s push \"other\"\n");
    const struct drill_step *step = r.drill.steps;

    (void)state;
    assert_true(r.is_right);
    assert_int_equal(r.drill.n_steps, 6);
    assert_int_equal(r.drill.policy->services[1].requested, REQUESTED_STARTED);
    assert_int_equal(step[0].policy->services[1].requested, REQUESTED_DISABLED);
    /* The rule goes with the service; what was changed before stays. */
    assert_int_equal(step[1].policy->n_services, 2);
    assert_int_equal(step[1].policy->services[0].requested, REQUESTED_DISABLED);
    assert_int_equal(step[1].policy->rules[0].n_services, 2);
    assert_int_equal(step[1].policy->rules[0].services[1], 1);
    assert_int_equal(step[2].policy->services[1].cpus_milli, 1500);
    assert_int_equal(step[1].policy->services[1].cpus_milli, 0);
    /* A pattern takes in what is new. */
    assert_int_equal(step[3].policy->n_services, 3);
    assert_int_equal(step[3].policy->services[2].requested, REQUESTED_STOPPED);
    assert_int_equal(step[3].policy->rules[0].n_services, 3);
    assert_int_equal(step[3].policy->services[1].cpus_milli, 1500);
    assert_int_equal(step[4].policy->n_services, 4);
    assert_int_equal(step[4].policy->services[0].requested, REQUESTED_STARTED);
    assert_int_equal(step[5].policy->n_services, 1);
    arena_free(r.arena);
}

static void what_is_named_must_be_there_at_that_time(void **state)
{
    (void)state;
    assert_said(HEAD "at 1s cut delta\n", "3 T0212");
    assert_said(HEAD "at 1s kill vm:x\n", "3 T0213");
    assert_said(HEAD "at 1s remove vm:a\nat 2s kill vm:a\n", "4 T0213");
    assert_said(HEAD "at 1s push \"other\"\nat 2s kill vm:z\n", "");
    assert_said(HEAD "at 1s kill vm:z\nat 2s push \"other\"\n", "3 T0213");
    assert_said(HEAD "at 1s add vm:a\n", "3 T0210");
    assert_said(HEAD "at 1s cut fast, alpha\n", "3 T0229");
}

static void a_slip_gives_one_message_and_reading_goes_on(void **state)
{
    (void)state;
    assert_said(HEAD "at 1s ctu alpha\nat 2s cut delta\n", "3 T0109, 4 T0212");
    assert_said(HEAD "node alpha\nat 2s cut delta\n", "3 T0112, 4 T0212");
    assert_said(HEAD "cut alpha\n", "3 T0112");
    assert_said(HEAD "at 2\n", "3 T0106");
    assert_said(HEAD "at 2 cut alpha\n", "3 T0201");
    assert_said(HEAD "at 1s power up alpha\n", "3 T0110");
    assert_said(HEAD "at 1s fail start vm:a 2\n", "3 T0106");
    assert_said(HEAD "at 1s partition alpha\n", "3 T0106");
    assert_said(HEAD "within 1s cut alpha\n", "3 T0106");
    assert_said(HEAD "expect vm:a startd\n", "3 T0110");
    assert_said(HEAD "at 1s arm alpha\n", "3 T0111");
    assert_said(HEAD "at 1s place vm:a on alpha, beta\n", "3 T0506");
    assert_said(HEAD "at 1s add vm:d { stat stopped }\n", "3 T0109");
}

static void time_does_not_run_back(void **state)
{
    (void)state;
    assert_said(HEAD "at 2s cut alpha\nat 1s mend alpha\n", "4 T0504");
    assert_said(HEAD "at 2s cut alpha\nat 2s mend alpha\n", "");
}

static void the_policy_is_read_and_looked_at(void **state)
{
    (void)state;
    assert_said("drill \"x\"\nat 1s cut alpha\n", "1 T0503");
    assert_said("policy \"none\"\nat 1s cut alpha\n", "1 T0501");
    assert_said("policy \"wrong\"\nat 1s cut alpha\n", "1 T0502");
    assert_said("policy \"p\"\npolicy \"p\"\n", "2 T0232");
    assert_said(HEAD "at 1s push \"nodes\"\n", "3 T0505");
    assert_said(HEAD "at 1s push \"none\"\n", "3 T0501");
    assert_said(HEAD "at 1s add vm:d { keep on delta }\n", "3 T0502");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_policy_is_no_drill_and_said_to_be_none_once),
        cmocka_unit_test(rules_in_conflict_are_set_aside_and_named),
        cmocka_unit_test(steps_have_their_times_nodes_and_services),
        cmocka_unit_test(each_change_is_a_policy_of_its_own),
        cmocka_unit_test(what_is_named_must_be_there_at_that_time),
        cmocka_unit_test(a_slip_gives_one_message_and_reading_goes_on),
        cmocka_unit_test(time_does_not_run_back),
        cmocka_unit_test(the_policy_is_read_and_looked_at),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
