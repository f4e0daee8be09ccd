/* SPDX-License-Identifier: GPL-3.0-or-later */
/* How an OCF agent is called, and what its exit codes and words mean. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "agentd/resource.h"

static struct arena *arena;
static struct settings settings;
static struct err err;
static struct resource_command command;

static int set_up(void **state)
{
    (void)state;
    arena = arena_new();
    err = (struct err){""};
    snprintf(settings.ocf_root, sizeof(settings.ocf_root), "/opt/ocf");
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    arena_free(arena);
    return 0;
}

static struct resource address(void)
{
    static const struct setting parameters[] = {{.name = "ip", .value = "10.0.0.1"},
                                                {.name = "nic", .value = "a=b c"}};

    return (struct resource){
        .name = "ocf:web-address",
        .type = "ocf",
        .agent = "heartbeat:IPaddr2",
        .settings = parameters,
        .n_settings = 2,
        .node = "alpha",
        .start_timeout = {20000},
        .stop_timeout = {30000},
        .monitor_every = {10000},
        .monitor_timeout = {15000},
    };
}

static void make(const struct resource *resource, enum job_kind job)
{
    if (!resource_ocf.command(arena, &settings, resource, job, &command, &err))
        fail_msg("%s", err.text);
}

static bool says(const char *entry)
{
    for (int i = 0; command.environment[i]; i++) {
        if (strcmp(command.environment[i], entry) == 0)
            return true;
    }
    return false;
}

static void the_agent_is_called_by_its_path_with_one_action(void **state)
{
    static const char *const actions[] = {"start", "stop", "monitor"};
    struct resource resource = address();

    (void)state;
    for (int job = JOB_START; job <= JOB_MONITOR; job++) {
        make(&resource, (enum job_kind)job);
        assert_string_equal(command.argv[0], "/opt/ocf/resource.d/heartbeat/IPaddr2");
        assert_string_equal(command.argv[1], actions[job]);
        assert_null(command.argv[2]);
    }
}

static void the_environment_is_what_agents_expect(void **state)
{
    struct resource resource = address();

    (void)state;
    make(&resource, JOB_START);
    assert_true(says("OCF_ROOT=/opt/ocf"));
    assert_true(says("OCF_RA_VERSION_MAJOR=1"));
    assert_true(says("OCF_RESOURCE_INSTANCE=ocf_web-address"));
    assert_true(says("OCF_RESOURCE_TYPE=IPaddr2"));
    assert_true(says("OCF_RESOURCE_PROVIDER=heartbeat"));
    assert_true(says("OCF_RESKEY_ip=10.0.0.1"));
    assert_true(says("OCF_RESKEY_nic=a=b c"));
    assert_true(says("OCF_RESKEY_CRM_meta_timeout=20000"));
    assert_true(says("OCF_RESKEY_CRM_meta_interval=0"));
    assert_true(says("OCF_RESKEY_CRM_meta_name=start"));
    assert_true(says("OCF_RESKEY_CRM_meta_on_node=alpha"));
    assert_true(says("OCF_RESKEY_CRM_meta_on_node_uuid=alpha"));
    assert_true(says("OCF_CHECK_LEVEL=0"));
    assert_true(says("HA_LOGFACILITY=none"));
    assert_true(says("HA_RSCTMP=/run/resource-agents"));
    assert_true(says("LC_ALL=C"));
    assert_true(says("PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"));
}

static void a_check_has_an_interval_and_a_probe_has_none(void **state)
{
    struct resource resource = address();

    (void)state;
    make(&resource, JOB_MONITOR);
    assert_true(says("OCF_RESKEY_CRM_meta_interval=10000"));
    assert_true(says("OCF_RESKEY_CRM_meta_timeout=15000"));
    resource.monitor_every = duration_ms(0);
    make(&resource, JOB_MONITOR);
    assert_true(says("OCF_RESKEY_CRM_meta_interval=0"));
    make(&resource, JOB_STOP);
    assert_true(says("OCF_RESKEY_CRM_meta_timeout=30000"));
}

static void a_parameter_does_not_take_the_place_of_our_own_words(void **state)
{
    static const struct setting parameters[] = {{.name = "CRM_meta_interval", .value = "7"},
                                                {.name = "CRM_meta_x", .value = "y"}};
    struct resource resource = address();

    (void)state;
    resource.settings = parameters;
    make(&resource, JOB_MONITOR);
    assert_true(says("OCF_RESKEY_CRM_meta_interval=10000"));
    assert_false(says("OCF_RESKEY_CRM_meta_interval=7"));
    assert_true(says("OCF_RESKEY_CRM_meta_x=y"));
}

static void many_parameters_all_arrive(void **state)
{
    static struct setting parameters[300];
    static char names[300][8];
    struct resource resource = address();

    (void)state;
    for (int i = 0; i < 300; i++) {
        snprintf(names[i], sizeof(names[i]), "p%d", i);
        parameters[i] = (struct setting){.name = names[i], .value = "v"};
    }
    resource.settings = parameters;
    resource.n_settings = 300;
    make(&resource, JOB_START);
    assert_true(says("OCF_RESKEY_p0=v"));
    assert_true(says("OCF_RESKEY_p299=v"));
}

static void what_is_no_agent_is_refused_in_words(void **state)
{
    static const char *const wrong[] = {"IPaddr2",      ":IPaddr2",    "heartbeat:", "../x:y",
                                        "heartbeat:..", "a:../../b/c", "a:b:c",      NULL};
    struct resource resource = address();

    (void)state;
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        resource.agent = wrong[i];
        assert_false(resource_ocf.command(arena, &settings, &resource, JOB_START, &command, &err));
        assert_non_null(strstr(err.text, "is no OCF agent: write PROVIDER:TYPE"));
    }
}

static void a_parameter_without_a_usable_name_is_refused(void **state)
{
    static const struct setting parameters[] = {{.name = "a=b", .value = "c"}};
    struct resource resource = address();

    (void)state;
    resource.settings = parameters;
    resource.n_settings = 1;
    assert_false(resource_ocf.command(arena, &settings, &resource, JOB_START, &command, &err));
    assert_non_null(strstr(err.text, "\"a=b\" cannot be the name of a parameter"));
}

static void assert_words(const char *output, const char *wanted)
{
    char words[40];

    resource_ocf.result(1, output, words, sizeof(words));
    assert_string_equal(words, wanted);
}

static void the_last_reason_speaks(void **state)
{
    (void)state;
    assert_words("ocf-exit-reason:one\nnoise\nocf-exit-reason: two \nmore noise\n", "two ");
    assert_words("ocf-exit-reason:unended", "unended");
    assert_words("ocf-exit-reason:said\nocf-exit-reason:\n", "said");
    assert_words("not at the start: ocf-exit-reason:x\n", "not at the start: ocf-exit-reason:x");
    assert_words("first\nERROR: no such disk\n\n", "ERROR: no such disk");
    assert_words("", "");
}

static void words_are_safe_to_print_and_to_send(void **state)
{
    (void)state;
    assert_words("ocf-exit-reason:\033[2Jgone\a\x7f\n", "?[2Jgone??");
    assert_words("ocf-exit-reason:caf\xc3\xa9 \xff \xc0\x80 \xed\xa0\x80\n",
                 "caf\xc3\xa9 ? ?? ???");
    assert_words("ocf-exit-reason:\xc2\x9b tab\there\n", "?? tab here");
    assert_words("ocf-exit-reason:\xf0\x9f\x92\xbe\n", "\xf0\x9f\x92\xbe");
    /* Cut in the middle of a character. */
    assert_words("ocf-exit-reason:0123456789012345678901234567890123456\xc3\xa9\xc3\xa9\n",
                 "0123456789012345678901234567890123456\xc3\xa9");
    assert_words("ocf-exit-reason:01234567890123456789012345678901234567\xc3\xa9\n",
                 "01234567890123456789012345678901234567?");
}

static void assert_code(int exit_code, int wanted)
{
    char words[40];

    assert_int_equal(resource_ocf.result(exit_code, "", words, sizeof(words)), wanted);
}

static void unknown_exit_codes_are_plain_failures(void **state)
{
    (void)state;
    for (int code = 0; code <= 9; code++)
        assert_code(code, code);
    assert_code(255, 1);
    assert_code(127, 1);
    assert_code(10, 1);
    assert_code(190, 0);
    assert_code(191, 8);
}

static void only_known_types_are_run(void **state)
{
    (void)state;
    assert_ptr_equal(resource_kind_of("ocf"), &resource_ocf);
    assert_null(resource_kind_of("vm"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_agent_is_called_by_its_path_with_one_action),
        TEST(the_environment_is_what_agents_expect),
        TEST(a_check_has_an_interval_and_a_probe_has_none),
        TEST(a_parameter_does_not_take_the_place_of_our_own_words),
        TEST(many_parameters_all_arrive),
        TEST(what_is_no_agent_is_refused_in_words),
        TEST(a_parameter_without_a_usable_name_is_refused),
        TEST(the_last_reason_speaks),
        TEST(words_are_safe_to_print_and_to_send),
        TEST(unknown_exit_codes_are_plain_failures),
        TEST(only_known_types_are_run),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
