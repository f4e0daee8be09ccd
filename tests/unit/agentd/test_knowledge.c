/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What is agreed, from the ledger: policies that come and go, records that cannot be read. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "agentd/knowledge.h"
#include "ha/base/json.h"

#define NODES                                                                                      \
    "cluster home { network lan }\n"                                                               \
    "node alpha { address 10.77.0.1 }\nnode beta { address 10.77.0.2 }\n"                          \
    "node gamma { address 10.77.0.3 }\nfencing { watchdog 5s }\n"
#define SERVICE(name) "service ocf:" name " { agent heartbeat:Dummy }\n"

static json_t *policy_record(int version, const char *text)
{
    json_t *value = json_pack("{s:i,s:s,s:s,s:i}", "version", version, "text", text, "author",
                              "jin", "stamp", 7000);
    char *bytes = json_write(value);
    json_t *record = json_string(bytes);

    free(bytes);
    json_decref(value);
    return record;
}

static bool load(struct knowledge *knowledge, const json_t *records, uint64_t version)
{
    struct arena *arena;
    struct policy *before;
    bool is_new = knowledge_load(knowledge, records, version, &arena, &before);

    arena_free(arena);
    return is_new;
}

static void no_policy_is_no_error(void **state)
{
    autojson *records = json_object();
    struct knowledge knowledge;

    (void)state;
    knowledge_init(&knowledge);
    assert_false(load(&knowledge, records, 0));
    assert_null(knowledge.policy);
    knowledge_fini(&knowledge);
}

static void records_are_read_by_name(void **state)
{
    autojson *records = json_object();
    struct knowledge knowledge;
    service_id web;

    (void)state;
    json_object_set_new(records, "policy", policy_record(3, NODES SERVICE("web") SERVICE("zoo")));
    json_object_set_new(records, "service/ocf:web",
                        json_string("{\"state\":\"started\",\"node\":\"beta\",\"cause\":5}"));
    json_object_set_new(records, "node/gamma",
                        json_string("{\"state\":\"online\",\"boot\":\"g\"}"));
    json_object_set_new(records, "manager", json_string("{\"node\":\"beta\"}"));
    knowledge_init(&knowledge);
    assert_true(load(&knowledge, records, 9));
    assert_int_equal(knowledge.policy_version, 3);
    assert_string_equal(knowledge.author, "jin");
    web = policy_find_service(knowledge.policy, "ocf:web");
    assert_int_equal(knowledge.agreed->services[web].state, SERVICE_STARTED);
    assert_int_equal(knowledge.agreed->services[web].node,
                     policy_find_node(knowledge.policy, "beta"));
    assert_int_equal(knowledge.agreed->services[web].cause, 5);
    assert_int_equal(knowledge.agreed->nodes[2].state, NODE_ONLINE);
    assert_int_equal(knowledge.agreed->manager, policy_find_node(knowledge.policy, "beta"));
    assert_int_equal(knowledge.agreed->version, 9);
    knowledge_fini(&knowledge);
}

static void another_policy_moves_the_ids_and_keeps_the_state(void **state)
{
    autojson *records = json_object();
    struct knowledge knowledge;
    struct arena *arena;
    struct policy *before;

    (void)state;
    json_object_set_new(records, "policy", policy_record(1, NODES SERVICE("web")));
    json_object_set_new(records, "service/ocf:web",
                        json_string("{\"state\":\"started\",\"node\":\"beta\"}"));
    knowledge_init(&knowledge);
    load(&knowledge, records, 1);
    assert_int_equal(policy_find_service(knowledge.policy, "ocf:web"), 0);
    json_object_set_new(records, "policy", policy_record(2, NODES SERVICE("app") SERVICE("web")));
    assert_true(knowledge_load(&knowledge, records, 2, &arena, &before));
    assert_int_equal(before->n_services, 1);
    arena_free(arena);
    assert_int_equal(policy_find_service(knowledge.policy, "ocf:web"), 1);
    assert_int_equal(knowledge.agreed->services[1].state, SERVICE_STARTED);
    assert_int_equal(knowledge.agreed->services[0].state, SERVICE_ABSENT);
    knowledge_fini(&knowledge);
}

/* A push as it is committed: what differs from loading all anew would differ between nodes. */
static void assert_push_is_load(const char *first, const char *second)
{
    autojson *records = json_object();
    autojson *patch = json_object();
    struct knowledge pushed, loaded;
    struct arena *arena;
    struct policy *before;

    json_object_set_new(records, "policy", policy_record(1, first));
    json_object_set_new(records, "service/ocf:web",
                        json_string("{\"state\":\"started\",\"node\":\"beta\",\"why\":{\"code\":"
                                    "\"RULE_LEAVES_NONE\",\"rule\":\"home\",\"line\":7}}"));
    json_object_set_new(records, "node/gamma", json_string("{\"state\":\"online\"}"));
    json_object_set_new(records, "manager", json_string("{\"node\":\"beta\"}"));
    json_object_set_new(records, "confirm", json_string("{\"version\":1}"));
    knowledge_init(&pushed);
    knowledge_init(&loaded);
    load(&pushed, records, 4);
    json_object_set_new(records, "policy", policy_record(2, second));
    json_object_set_new(records, "confirm", json_string("{\"version\":2}"));
    json_object_set_new(patch, "set", json_pack("{s:s}", "confirm", "{\"version\":2}"));
    assert_true(knowledge_push(&pushed, records, 5, &arena, &before));
    knowledge_apply(&pushed, patch, 5);
    arena_free(arena);
    assert_true(load(&loaded, records, 5));
    assert_int_equal(pushed.policy_version, 2);
    /* Behind the last service there may be what was there before. */
    assert_int_equal(pushed.agreed->n_services, loaded.policy->n_services);
    assert_memory_equal(pushed.agreed->services, loaded.agreed->services,
                        (size_t)loaded.policy->n_services * sizeof(struct service));
    assert_memory_equal(pushed.agreed->nodes, loaded.agreed->nodes, sizeof(loaded.agreed->nodes));
    assert_int_equal(pushed.agreed->manager, loaded.agreed->manager);
    assert_int_equal(pushed.agreed->version, loaded.agreed->version);
    assert_true(json_equal(pushed.confirm, loaded.confirm));
    assert_string_equal(pushed.manager, loaded.manager);
    knowledge_fini(&pushed);
    knowledge_fini(&loaded);
}

static void a_push_leaves_what_loading_all_would(void **state)
{
    (void)state;
    assert_push_is_load(NODES SERVICE("web"), NODES "# the same ids\n" SERVICE("web"));
    assert_push_is_load(NODES SERVICE("web"), NODES SERVICE("app") SERVICE("web"));
    assert_push_is_load(NODES SERVICE("app") SERVICE("web"), NODES SERVICE("web"));
    assert_push_is_load(NODES SERVICE("app") SERVICE("web"), NODES SERVICE("web") SERVICE("zoo"));
    assert_push_is_load(NODES SERVICE("web") "rule home: keep ocf:web on beta\n",
                        NODES SERVICE("web"));
    assert_push_is_load(NODES SERVICE("web") "rule home: keep ocf:web on beta\n",
                        NODES SERVICE("web") "\nrule home: keep ocf:web on beta\n");
}

static void what_it_cannot_read_is_known_to_be_beyond_it(void **state)
{
    autojson *records = json_object();
    struct knowledge knowledge;

    (void)state;
    json_object_set_new(records, "policy", policy_record(1, NODES SERVICE("web")));
    knowledge_init(&knowledge);
    load(&knowledge, records, 1);
    assert_int_equal(knowledge.beyond, 0);
    json_object_set_new(records, "policy", policy_record(2, NODES "of a later release {\n"));
    assert_false(load(&knowledge, records, 2));
    assert_int_equal(knowledge.beyond, 2);
    assert_int_equal(knowledge.policy_version, 1);
    /* Others have gone back to what it knows. */
    json_object_set_new(records, "policy", policy_record(3, NODES SERVICE("web")));
    assert_true(load(&knowledge, records, 3));
    assert_int_equal(knowledge.beyond, 0);
    knowledge_fini(&knowledge);
}

/* Its node was taken out of the policy: it is found anew, and stays stopped all the same. */
static void who_was_stopped_by_hand_stays_so_without_its_node(void **state)
{
    autojson *records = json_object();
    struct knowledge knowledge;

    (void)state;
    json_object_set_new(records, "policy", policy_record(1, NODES SERVICE("web")));
    json_object_set_new(records, "service/ocf:web",
                        json_string("{\"state\":\"stopped\",\"node\":\"omega\",\"held\":true}"));
    knowledge_init(&knowledge);
    load(&knowledge, records, 1);
    assert_int_equal(knowledge.agreed->services[0].state, SERVICE_ABSENT);
    assert_int_equal(knowledge.agreed->services[0].node, NODE_NONE);
    assert_true(knowledge.agreed->services[0].is_held);
    knowledge_fini(&knowledge);
}

static void a_policy_that_cannot_be_understood_leaves_the_one_before_in_force(void **state)
{
    autojson *records = json_object();
    struct knowledge knowledge;

    (void)state;
    json_object_set_new(records, "policy", policy_record(1, NODES SERVICE("web")));
    knowledge_init(&knowledge);
    load(&knowledge, records, 1);
    json_object_set_new(records, "policy", policy_record(2, NODES "service of the future\n"));
    assert_false(load(&knowledge, records, 2));
    assert_int_equal(knowledge.policy_version, 1);
    assert_int_equal(knowledge.policy->n_services, 1);
    knowledge_fini(&knowledge);
}

static void broken_and_foreign_records_harm_nobody_else(void **state)
{
    autojson *records = json_object();
    struct knowledge knowledge;

    (void)state;
    json_object_set_new(records, "policy", policy_record(1, NODES SERVICE("web")));
    json_object_set_new(records, "service/ocf:gone", json_string("{\"state\":\"started\"}"));
    json_object_set_new(records, "service/ocf:web", json_string("{garbage"));
    json_object_set_new(records, "node/beta", json_string("{\"state\":\"dancing\"}"));
    json_object_set_new(records, "node/gamma", json_string("{\"state\":\"online\"}"));
    json_object_set_new(records, "later/thing", json_string("{\"of\":\"a newer version\"}"));
    knowledge_init(&knowledge);
    load(&knowledge, records, 1);
    assert_int_equal(knowledge.agreed->services[0].state, SERVICE_ABSENT);
    assert_int_equal(knowledge.agreed->nodes[1].state, NODE_UNKNOWN);
    assert_int_equal(knowledge.agreed->nodes[2].state, NODE_ONLINE);
    knowledge_fini(&knowledge);
}

static void a_patch_sets_and_forgets(void **state)
{
    autojson *records = json_object();
    autojson *set = json_pack("{s:{s:s},s:i}", "set", "service/ocf:web",
                              "{\"state\":\"stopped\",\"node\":\"alpha\"}", "stamp", 9000);
    autojson *forget =
        json_pack("{s:{},s:[s],s:i}", "set", "delete", "service/ocf:web", "stamp", 8000);
    struct knowledge knowledge;

    (void)state;
    json_object_set_new(records, "policy", policy_record(1, NODES SERVICE("web")));
    knowledge_init(&knowledge);
    load(&knowledge, records, 1);
    knowledge_apply(&knowledge, set, 2);
    assert_int_equal(knowledge.agreed->services[0].state, SERVICE_STOPPED);
    assert_int_equal(knowledge.stamp, 9000);
    knowledge_apply(&knowledge, forget, 3);
    assert_int_equal(knowledge.agreed->services[0].state, SERVICE_ABSENT);
    assert_int_equal(knowledge.agreed->services[0].node, NODE_NONE);
    assert_int_equal(knowledge.agreed->version, 3);
    /* Ledger time does not run back, whatever clock a leader has. */
    assert_int_equal(knowledge.stamp, 9000);
    knowledge_fini(&knowledge);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_policy_is_no_error),
        cmocka_unit_test(records_are_read_by_name),
        cmocka_unit_test(another_policy_moves_the_ids_and_keeps_the_state),
        cmocka_unit_test(a_push_leaves_what_loading_all_would),
        cmocka_unit_test(what_it_cannot_read_is_known_to_be_beyond_it),
        cmocka_unit_test(who_was_stopped_by_hand_stays_so_without_its_node),
        cmocka_unit_test(a_policy_that_cannot_be_understood_leaves_the_one_before_in_force),
        cmocka_unit_test(broken_and_foreign_records_harm_nobody_else),
        cmocka_unit_test(a_patch_sets_and_forgets),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
