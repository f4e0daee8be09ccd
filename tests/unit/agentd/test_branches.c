/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Of two histories the one that did not go on: said as an event, and its policies can be read. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agentd/agent.h"
#include "agentd/branches.h"
#include "ha/base/json.h"

static char folder[64], path[96];

static int make_agent(void **state)
{
    struct agent *agent = calloc(1, sizeof(*agent));
    struct err err = {{0}};

    snprintf(folder, sizeof(folder), "/tmp/tenuto-branches-XXXXXX");
    if (!agent || !mkdtemp(folder))
        return -1;
    snprintf(path, sizeof(path), "%s/tenuto.db", folder);
    agent->store = store_open(path, &err);
    if (!agent->store)
        return -1;
    branches_open(agent);
    *state = agent;
    return 0;
}

static int remove_agent(void **state)
{
    static const char *const endings[] = {"", "-wal", "-shm"};
    struct agent *agent = *state;
    char name[128];

    store_close(agent->store);
    json_decref(agent->branches);
    free(agent);
    for (int i = 0; i < 3; i++) {
        snprintf(name, sizeof(name), "%s%s", path, endings[i]);
        unlink(name);
    }
    return rmdir(folder);
}

/* Versions 7 to 9 of the records, the second with this version of the policy; 0: with none. */
static void notice(struct agent *agent, int policy, const char *text, int64_t stamp)
{
    char record[128];
    autojson *patches = NULL;

    snprintf(record, sizeof(record), "{\"version\":%d,\"author\":\"jin\",\"text\":\"%s\"}", policy,
             text);
    patches = json_pack("[{s:i},{s:i,s:{s:s}},{s:i}]", "version", 7, "version", 8, "set",
                        policy ? "policy" : "node/a", policy ? record : "{}", "version", 9);
    json_decref(branches_notice(agent, patches, stamp));
}

static void it_is_an_event_in_its_place_that_says_what_to_do(void **state)
{
    struct agent *agent = *state;
    autojson *rows = json_pack("[{s:i},{s:i}]", "at", 100, "at", 300);
    const json_t *event;

    notice(agent, 4, "cluster a", 200);
    branches_events(agent, 0, 0, rows);
    assert_int_equal(json_array_size(rows), 3);
    event = json_array_get(rows, 1);
    assert_int_equal(json_int(event, "at", 0), 200);
    assert_int_equal(json_int(event, "version", 0), 9);
    assert_string_equal(json_text(event, "kind", ""), "cluster");
    assert_non_null(strstr(json_text(event, "why", ""), "tenuto policy diff 4@branch"));
}

static void without_a_policy_there_is_none_to_compare(void **state)
{
    struct agent *agent = *state;
    autojson *rows = json_array();

    notice(agent, 0, "", 200);
    branches_events(agent, 0, 0, rows);
    assert_null(strstr(json_text(json_array_get(rows, 0), "why", ""), "@branch"));
    assert_non_null(strstr(json_text(json_array_get(rows, 0), "why", ""), "services run"));
    assert_null(branches_policy(agent, 4));
}

static void only_events_of_the_time_asked_for_are_told(void **state)
{
    struct agent *agent = *state;
    autojson *rows = json_array();

    notice(agent, 4, "cluster a", 200);
    branches_events(agent, 201, 0, rows);
    branches_events(agent, 0, 200, rows);
    assert_int_equal(json_array_size(rows), 0);
    branches_events(agent, 200, 201, rows);
    assert_int_equal(json_array_size(rows), 1);
}

static void of_two_branches_with_one_number_the_newer_is_read_and_it_outlives_the_agent(
    void **state)
{
    struct agent *agent = *state;
    struct err err = {{0}};
    autojson *before = NULL, *after = NULL;

    notice(agent, 4, "cluster old", 200);
    notice(agent, 4, "cluster new", 300);
    notice(agent, 0, "", 400);
    before = branches_policy(agent, 4);
    assert_string_equal(json_text(before, "text", ""), "cluster new");
    assert_null(branches_policy(agent, 5));
    store_close(agent->store);
    json_decref(agent->branches);
    agent->store = store_open(path, &err);
    assert_non_null(agent->store);
    branches_open(agent);
    after = branches_policy(agent, 4);
    assert_string_equal(json_text(after, "text", ""), "cluster new");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make_agent, remove_agent)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(it_is_an_event_in_its_place_that_says_what_to_do),
        TEST(without_a_policy_there_is_none_to_compare),
        TEST(only_events_of_the_time_asked_for_are_told),
        TEST(of_two_branches_with_one_number_the_newer_is_read_and_it_outlives_the_agent),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
