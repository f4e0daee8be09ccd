/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The agents of this machine, if it has any: each says what it takes, or why it cannot. Where
 * none are installed these tests say that they were skipped.
 */
#include "tests/unit/metadata/metadata_test.h"

#include <string.h>

#include "agentd/metadata/metadata.h"

/* All of them would take too long for a unit test. */
#define AGENTS_ASKED 40

static struct metadata *metadata;
static const struct catalog *catalog;

static int open_metadata(void **state)
{
    static const struct metadata_places places = {.ocf_root = "/usr/lib/ocf",
                                                  .fence = "/usr/sbin",
                                                  .cache = "",
                                                  .timeout_ms = 120000,
                                                  .patience_ms = 120000};

    (void)state;
    metadata = metadata_new(&places);
    catalog = metadata_catalog(metadata);
    return 0;
}

static int close_metadata(void **state)
{
    (void)state;
    metadata_free(metadata);
    return 0;
}

/* The description of an installed agent; the test ends here where it is not. */
static const struct agent_description *agent_called(const char *name)
{
    struct agent_answer answer = catalog->find(catalog->context, name);

    if (answer.standing == AGENT_NOT_INSTALLED) {
        print_message("skipped: %s is not installed here\n", name);
        skip();
    }
    if (answer.standing == AGENT_UNREADABLE)
        fail_msg("%s: %s", name, answer.why);
    return answer.description;
}

static void an_address_says_what_it_takes(void **state)
{
    const struct agent_description *agent = agent_called("heartbeat:IPaddr2");
    const struct agent_parameter *ip = agent_find_parameter(agent, "ip");

    (void)state;
    assert_true(ip && ip->is_required);
    assert_true(ip->words[0] && ip->story[0]);
    assert_int_equal(agent_find_parameter(agent, "arp_count")->kind, PARAMETER_INTEGER);
    assert_int_equal(agent_find_action(agent, "start")->timeout_ms, 20000);
    assert_null(agent_find_action(agent, "migrate_to"));
    assert_null(agent->note);
}

static void a_virtual_machine_says_that_it_can_move(void **state)
{
    const struct agent_description *agent = agent_called("heartbeat:VirtualDomain");

    (void)state;
    assert_true(agent_find_parameter(agent, "config")->is_required);
    assert_non_null(agent_find_action(agent, "migrate_to"));
    assert_non_null(agent_find_action(agent, "migrate_from"));
}

static void a_fence_agent_says_what_it_takes(void **state)
{
    const struct agent_description *agent = agent_called("fence_ipmilan");
    const struct agent_parameter *method = agent_find_parameter(agent, "method");

    (void)state;
    assert_int_equal(method->kind, PARAMETER_SELECT);
    assert_true(method->n_options >= 2);
    assert_string_equal(agent_find_parameter(agent, "ipaddr")->instead, "ip");
    assert_true(agent_find_parameter(agent, "ipaddr")->is_deprecated);
    assert_non_null(agent_find_action(agent, "off"));
}

/* Some of them need Python or a library that is not there; nearly all are plain shell. */
static void most_ocf_agents_can_be_read(void **state)
{
    const char *const *names;
    int n_names = catalog->list(catalog->context, &names), n_read = 0, n_failed = 0, first = 0;

    (void)state;
    while (first < n_names && agent_is_fence(names[first]))
        first++;
    n_names = n_names - first > AGENTS_ASKED ? AGENTS_ASKED : n_names - first;
    if (n_names == 0) {
        print_message("skipped: no OCF agents are installed here\n");
        skip();
    }
    catalog->prepare(catalog->context, names + first, n_names);
    for (int i = first; i < first + n_names; i++) {
        struct agent_answer answer = catalog->find(catalog->context, names[i]);

        n_read += answer.standing == AGENT_DESCRIBED;
        n_failed += answer.standing == AGENT_UNREADABLE;
        if (answer.why)
            print_message("%s: %s\n", names[i], answer.why);
    }
    assert_true(n_failed * 10 <= n_read);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_address_says_what_it_takes),
        cmocka_unit_test(a_virtual_machine_says_that_it_can_move),
        cmocka_unit_test(a_fence_agent_says_what_it_takes),
        cmocka_unit_test(most_ocf_agents_can_be_read),
    };

    return cmocka_run_group_tests(tests, open_metadata, close_metadata);
}
