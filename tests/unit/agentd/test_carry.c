/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a newer minor version wrote into a record goes on when an older one writes it anew. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "agentd/patch.h"
#include "ha/base/json.h"
#include "ha/base/text.h"
#include "ha/model/codec.h"

static const char *record_after(json_t *patch, const json_t *records, const char *key)
{
    patch_carry(patch, records);
    return json_string_value(json_object_get(json_object_get(patch, "set"), key));
}

static void a_member_that_we_do_not_know_goes_on_with_its_record(void **state)
{
    autojson *records = json_pack(
        "{s:s,s:s,s:s}", "service/ocf:web",
        "{\"state\":\"started\",\"held\":true,\"later\":{\"z\":[1.5,\"\xc3\xa9\"]},\"node\":\"a\"}",
        "node/alpha", "{\"state\":\"online\",\"lat\":1}", "cluster", "{\"weather\":\"fair\"}");
    autojson *patch =
        json_pack("{s:{s:s,s:s,s:s}}", "set", "service/ocf:web", "{\"state\":\"stopped\"}",
                  "node/alpha", "{\"state\":\"fence\"}", "cluster", "{}");

    (void)state;
    /* What is ours and is left out is gone; what is not ours stays, whatever it holds. */
    assert_string_equal(record_after(patch, records, "service/ocf:web"),
                        "{\"later\":{\"z\":[1.5,\"\xc3\xa9\"]},\"state\":\"stopped\"}");
    assert_string_equal(record_after(patch, records, "node/alpha"),
                        "{\"lat\":1,\"state\":\"fence\"}");
    assert_string_equal(record_after(patch, records, "cluster"), "{\"weather\":\"fair\"}");
}

/* Of it we know a sentence; its code, and what goes with it, is for those who wrote it. */
static void a_reason_that_we_do_not_know_goes_on_while_it_is_the_same(void **state)
{
    static const char strange[] = "{\"state\":\"started\",\"why\":{\"code\":\"QUOTA_FULL\",\"of\":["
                                  "1],\"text\":\"it is full\"}}";
    autojson *records = json_pack(
        "{s:s,s:s,s:s}", "service/ocf:web", strange, "service/ocf:db", strange, "node/alpha",
        "{\"state\":\"online\",\"why\":{\"code\":\"RUNS_NOW\",\"text\":\"t\",\"z\":1}}");
    autojson *patch = json_pack(
        "{s:{s:s,s:s,s:s}}", "set", "service/ocf:web",
        "{\"state\":\"started\",\"held\":true,\"why\":{\"code\":\"FOREIGN\",\"text\":\"it is "
        "full\"}}",
        "service/ocf:db", "{\"state\":\"error\",\"why\":{\"code\":\"RUNS_NOW\",\"text\":\"x\"}}",
        "node/alpha", "{\"state\":\"fence\",\"why\":{\"code\":\"RUNS_NOW\",\"text\":\"t\"}}");

    (void)state;
    assert_string_equal(reason_name(REASON_FOREIGN), "FOREIGN");
    assert_string_equal(record_after(patch, records, "service/ocf:web"),
                        "{\"held\":true,\"state\":\"started\",\"why\":{\"code\":\"QUOTA_FULL\","
                        "\"of\":[1],\"text\":\"it is full\"}}");
    assert_string_equal(record_after(patch, records, "service/ocf:db"),
                        "{\"state\":\"error\",\"why\":{\"code\":\"RUNS_NOW\",\"text\":\"x\"}}");
    assert_string_equal(
        record_after(patch, records, "node/alpha"),
        "{\"state\":\"fence\",\"why\":{\"code\":\"RUNS_NOW\",\"text\":\"t\",\"z\":1}}");
}

/* It is written anew in each step of a change; what others count on beside it goes on. */
static void the_record_of_corosync_keeps_what_it_has(void **state)
{
    autojson *records = json_pack("{s:s,s:s}", "corosync",
                                  "{\"conf\":{},\"next_id\":4,\"phase\":\"offered\",\"later\":{}}",
                                  "manager", "{\"node\":\"alpha\",\"later\":1}");
    autojson *patch = json_pack("{s:{s:s,s:s}}", "set", "corosync", "{\"conf\":{},\"next_id\":5}",
                                "manager", "{\"node\":\"beta\"}");

    (void)state;
    assert_string_equal(record_after(patch, records, "corosync"),
                        "{\"conf\":{},\"later\":{},\"next_id\":5}");
    /* Another leader is another thing. */
    assert_string_equal(record_after(patch, records, "manager"), "{\"node\":\"beta\"}");
}

static void a_record_without_such_members_is_written_as_it_is(void **state)
{
    autojson *records = json_pack("{s:s,s:s,s:s}", "service/ocf:web", "{\"state\":\"started\"}",
                                  "policy", "{\"version\":1,\"later\":1}", "node/beta", "no JSON");
    autojson *patch =
        json_pack("{s:{s:s,s:s,s:s,s:s}}", "set", "service/ocf:web", "{ \"state\":\"stopped\" }",
                  "policy", "{\"version\":2}", "node/beta", "{}", "node/new", "{}");

    (void)state;
    assert_string_equal(record_after(patch, records, "service/ocf:web"),
                        "{ \"state\":\"stopped\" }");
    /* Another policy is another thing: what was said of the one before is not said of it. */
    assert_string_equal(record_after(patch, records, "policy"), "{\"version\":2}");
    assert_string_equal(record_after(patch, records, "node/beta"), "{}");
    assert_string_equal(record_after(patch, records, "node/new"), "{}");
}

static void assert_all_known(const char *key, json_t *record)
{
    const char *member;
    json_t *value;

    json_object_foreach(record, member, value)
    {
        if (!codec_knows(key, member))
            fail_msg("codec_knows does not know \"%s\" of %s", member, key);
    }
    json_decref(record);
}

/* Every bit of each set, so that every member is written. */
static void every_member_that_we_write_is_known_as_ours(void **state)
{
    static struct policy policy;
    static struct ha_state all;
    struct node *node = &all.nodes[0];
    struct service *service = &all.services[0];

    (void)state;
    text_copy(policy.nodes[0].name, NODE_NAME_MAX, "alpha");
    policy.n_nodes = 1;
    memset(node, 1, sizeof(*node));
    node->state = 1;
    text_copy(node->boot_id, sizeof(node->boot_id), "boot");
    text_copy(node->maintenance_words, sizeof(node->maintenance_words), "words");
    node->why = reason_of(REASON_RUNS_NOW);
    node->leaving = 1;
    assert_all_known("node/alpha", codec_node(node, &policy));
    memset(service, 1, sizeof(*service));
    service->state = 1;
    service->tried = 1;
    service->node = service->target = service->fallback = 0;
    service->why = reason_of(REASON_RUNS_NOW);
    assert_all_known("service/ocf:web", codec_service(service, &policy));
    all.arming.state = 1;
    all.arming.ignores = true;
    all.arming.until.ms = all.imbalanced_since.ms = 1;
    assert_all_known("cluster", codec_cluster(&all));
    assert_all_known(KEY_WHY, codec_reason(&(struct reason){.code = REASON_RUNS_NOW,
                                                            .node = 0,
                                                            .other = 0,
                                                            .with = SERVICE_NONE,
                                                            .rule = RULE_NONE,
                                                            .line = 7,
                                                            .number = 7,
                                                            .words = "words"},
                                           &policy));
    assert_false(codec_knows("node/alpha", "stat"));
    assert_false(codec_knows("node/alpha", ""));
    assert_false(codec_knows("cluster", "state"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_member_that_we_do_not_know_goes_on_with_its_record),
        cmocka_unit_test(a_reason_that_we_do_not_know_goes_on_while_it_is_the_same),
        cmocka_unit_test(the_record_of_corosync_keeps_what_it_has),
        cmocka_unit_test(a_record_without_such_members_is_written_as_it_is),
        cmocka_unit_test(every_member_that_we_write_is_known_as_ours),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
