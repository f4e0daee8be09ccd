/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The flight record and its replay: whatever a manager decided in any history is decided alike
 * once it has been written down and read back; another decision is found; a damaged line says
 * what is wrong with it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "ha/base/arena.h"
#include "ha/base/json.h"
#include "ha/base/text.h"
#include "ha/model/codec_record.h"
#include "ha/whatif/replay.h"
#include "ha/whatif/world.h"

#define NODES 4
#define SERVICES 6
#define HISTORIES 25
#define EVENTS 60

enum { ALPHA, BETA, GAMMA };

struct flight {
    struct policy policy;
    struct service_policy services[SERVICES];
    struct rule rules[4];
    service_id named[4][SERVICES];
    struct world *world;
    struct record_writer *writer;
    struct record_reader reader;
    struct replay *replay;
    const struct policy *other; /* NULL: the recorded one */
    int n_lines;
    int n_quiet;
    int n_differences;
    size_t n_bytes;
    char last_line[65536];
};

static void add_rule(struct flight *f, enum rule_kind kind, bool is_strict, service_id first,
                     int n_services)
{
    int at = f->policy.n_rules++;
    struct rule *rule = &f->rules[at];

    *rule = (struct rule){.kind = kind, .is_strict = is_strict, .line = 20 + at};
    text_copy(rule->name, sizeof(rule->name), kind == RULE_ON ? "" : "a-rule");
    for (int i = 0; i < n_services; i++)
        f->named[at][rule->n_services++] = first + i;
    rule->services = f->named[at];
}

static void make_policy(struct flight *f, uint64_t seed)
{
    static const char *const nodes[] = {"alpha", "beta", "gamma", "kappa"};
    struct random random = {.state = seed * 31};

    f->policy = (struct policy){.n_nodes = NODES, .services = f->services, .rules = f->rules};
    f->policy.timing = timing_of_network("lan", duration_ms(0), duration_ms(0));
    f->policy.shutdown = (enum shutdown_policy)random_below(&random, 4);
    f->policy.scheduling = (struct scheduling){
        .mode = (enum scheduling_mode)random_below(&random, 3),
        .rebalances = random_chance(&random, 50),
        .imbalance_millionths = 300000,
        .imbalance_hold = {5000},
        .improve_millionths = 100000,
    };
    for (int i = 0; i < NODES; i++) {
        text_copy(f->policy.nodes[i].name, NODE_NAME_MAX, nodes[i]);
        f->policy.nodes[i].cpus_milli = 8000;
    }
    for (int i = 0; i < SERVICES; i++) {
        struct service_policy *service = &f->services[f->policy.n_services++];

        *service = (struct service_policy){
            .type = "ocf",
            .restart_max = random_below(&random, 2),
            .relocate_max = random_below(&random, 3),
            .failback = random_chance(&random, 50),
            .cpus_milli = random_below(&random, 4000),
            .monitor_every = {10000},
            .start_timeout = {20000},
            .stop_timeout = {20000},
        };
        text_copy(service->name, sizeof(service->name),
                  (const char *[]){"ocf:a", "ocf:b", "ocf:c", "ocf:d", "ocf:e", "ocf:f"}[i]);
    }
    add_rule(f, RULE_TOGETHER, true, 0, 2);
    add_rule(f, RULE_APART, true, 2, 2);
    add_rule(f, RULE_ON, false, 1, 2);
    f->rules[2].tiers[0] = node_bit(BETA);
    f->rules[2].tiers[1] = node_bit(ALPHA) | node_bit(GAMMA);
    f->rules[2].n_tiers = 2;
}

static struct flight *flight_new(uint64_t seed)
{
    struct flight *f = xcalloc(1, sizeof(*f));

    make_policy(f, seed);
    f->world = xcalloc(1, world_size(NODES));
    f->writer = record_writer_new();
    f->replay = xcalloc(1, sizeof(*f->replay));
    record_reader_init(&f->reader);
    return f;
}

static void flight_free(struct flight *f)
{
    record_reader_fini(&f->reader);
    record_writer_free(f->writer);
    free(f->replay);
    free(f->world);
    free(f);
}

static void replay_line(struct flight *f, const char *text)
{
    struct err err = {.text = ""};
    autojson *line = json_read(text, strlen(text), &err);
    enum record_line kind = RECORD_BEGIN;

    f->reader.policy = f->other ? f->other : &f->policy;
    f->reader.is_other = f->other != NULL;
    if (!line || !record_kind(line, &kind, &err) || !record_read_step(&f->reader, line, &err))
        fail_msg("%s: %s", err.text, text);
    assert_int_equal(kind, RECORD_STEP);
    f->n_differences += replay_decide(f->replay,
                                      &(struct replay_step){
                                          .policy = f->reader.policy,
                                          .recorded = &f->policy,
                                          .view = f->reader.view,
                                          .before = f->reader.before,
                                          .then = f->reader.state,
                                          .answers = f->reader.answers,
                                          .n_answers = f->reader.n_answers,
                                          .fences = f->reader.fences,
                                      },
                                      NULL);
}

/* To the last byte: a member that somebody forgets to write down is missed here. */
static void assert_came_back(const struct flight *f, const struct world *world)
{
    const struct cluster_view *view = f->reader.view;

    for (node_id node = 0; node < NODES; node++)
        assert_memory_equal(&view->nodes[node], &world->view.nodes[node],
                            sizeof(view->nodes[node]));
    for (service_id service = 0; service < SERVICES; service++)
        assert_memory_equal(&view->services[service], &world->view.services[service],
                            sizeof(view->services[service]));
    assert_int_equal(view->n_commands, world->view.n_commands);
    assert_int_equal(view->self, world->view.self);
    assert_int_equal(view->now.ms, world->view.now.ms);
    assert_int_equal(f->reader.before->version, world->agreed.version);
    assert_int_equal(f->reader.before->manager, world->agreed.manager);
}

/* Each step goes through text, and is decided anew at once. */
static void hear_step(void *context, const struct world *world)
{
    struct flight *f = context;
    struct record_step step = {
        .policy = &f->policy,
        .view = &world->view,
        .before = &world->agreed,
        .after = &world->proposed,
        .answers = world->outcome.answers,
        .n_answers = world->outcome.n_answers,
        .fences = world->outcome.fences,
    };
    json_t *line = record_writer_step(f->writer, &step);
    char *text;

    if (!line) {
        f->n_quiet++;
        assert_int_equal(world->outcome.n_changes, 0);
        return;
    }
    text = json_write(line);
    json_decref(line);
    f->n_lines++;
    f->n_bytes += strlen(text);
    replay_line(f, text);
    if (!f->other)
        assert_came_back(f, world);
    text_copy(f->last_line, sizeof(f->last_line), text);
    free(text);
}

static void begin(struct flight *f, const struct world_habits *habits, uint64_t seed)
{
    world_init(f->world, &f->policy, habits, seed);
    f->world->listener = (struct world_listener){.context = f, .step = hear_step};
    for (node_id node = 0; node < NODES; node++)
        world_power_on(f->world, node);
}

static void every_history_is_decided_alike_when_it_is_replayed(void **state)
{
    int n_lines = 0;

    (void)state;
    for (uint64_t seed = 1; seed <= HISTORIES; seed++) {
        struct flight *f = flight_new(seed);

        begin(f, &world_unkind, seed);
        for (int i = 0; i < EVENTS; i++) {
            world_disturb(f->world);
            world_run(f->world, duration_ms(random_below(&f->world->random, 4000)));
        }
        assert_string_equal(f->world->broken, "");
        if (f->n_differences)
            fail_msg("seed %d: %d differences; the last line is %s", (int)seed, f->n_differences,
                     f->last_line);
        n_lines += f->n_lines;
        flight_free(f);
    }
    assert_true(n_lines > 50 * HISTORIES);
}

static int64_t draw(struct random *random)
{
    return random_chance(random, 50) ? 0 : (int64_t)(random_next(random) >> 33);
}

static void draw_node(struct random *random, struct node_view *view)
{
    *view = (struct node_view){
        .is_member = random_chance(random, 50),
        .has_report = random_chance(random, 50),
        .is_proven_off = random_chance(random, 50),
        .is_history_known = random_chance(random, 50),
        .is_armed = random_chance(random, 50),
        .is_unarmed = random_chance(random, 50),
        .leaving = (enum leaving)random_below(random, LEAVINGS),
        .used_cpus_milli = (int)draw(random),
        .used_memory = draw(random),
        .last_beat = {draw(random)},
        .dead_at = random_chance(random, 50) ? INSTANT_NEVER : (struct instant){draw(random)},
    };
    if (random_chance(random, 50))
        text_copy(view->boot_id, sizeof(view->boot_id), "b-\xc3\xa4-\"1\"");
}

static void draw_service(struct random *random, struct service_view *view)
{
    *view = (struct service_view){
        .running_on = (node_set)random_below(random, 1 << NODES),
        .result = (enum job_code)random_below(random, JOB_FATAL + 1),
        .exit_code = (int)draw(random) - 5,
        .pause = {draw(random)},
        .used_cpus_milli = (int)draw(random),
        .used_memory = draw(random),
    };
    if (random_chance(random, 50))
        text_copy(view->words, sizeof(view->words), "no such \"device\"\n");
}

static void what_was_seen_comes_back_as_it_was(void **state)
{
    struct flight *f = flight_new(1);
    struct cluster_view *view = &f->world->view;
    struct random random = {.state = 7};

    (void)state;
    world_init(f->world, &f->policy, &world_exact, 1);
    cluster_view_init(view, NODES, SERVICES);
    ha_state_init(&f->world->proposed, NODES, SERVICES);
    for (int i = 1; i < 300; i++) {
        view->now.ms = view->stamp.ms = i;
        /* Not quorate: nothing is decided on what could not be. */
        view->self = (node_id)random_below(&random, NODES);
        if (random_chance(&random, 30))
            draw_node(&random, &view->nodes[random_below(&random, NODES)]);
        if (random_chance(&random, 60))
            draw_service(&random, &view->services[random_below(&random, SERVICES)]);
        if (random_chance(&random, 5))
            record_writer_restart(f->writer);
        f->world->outcome.n_changes = f->world->outcome.n_answers = 0;
        hear_step(f, f->world);
    }
    assert_true(f->n_lines > 100);
    assert_int_equal(f->n_differences, 0);
    flight_free(f);
}

/* A cluster in which nothing happens for a week fills no disk. */
static void a_quiet_week_takes_no_room(void **state)
{
    struct flight *f = flight_new(1);
    size_t settled;

    (void)state;
    begin(f, &world_exact, 1);
    world_run(f->world, duration_ms(120000));
    settled = f->n_bytes;
    assert_true(settled > 0 && settled < 65536);
    world_run(f->world, duration_ms(7LL * 24 * 3600 * 1000));
    assert_true(f->n_bytes - settled < 4096);
    assert_int_equal(f->n_differences, 0);
    flight_free(f);
}

/* The rule that decides where it goes is the other way round. */
static void another_policy_decides_otherwise_and_is_found(void **state)
{
    struct flight *f = flight_new(1), *other = flight_new(1);

    (void)state;
    other->rules[2].tiers[0] = node_bit(GAMMA);
    other->rules[2].tiers[1] = node_bit(ALPHA) | node_bit(BETA);
    f->other = &other->policy;
    begin(f, &world_exact, 1);
    world_run(f->world, duration_ms(60000));
    assert_true(f->n_differences > 0);
    flight_free(f);
    flight_free(other);
}

struct heard {
    int n_services;
    service_id service;
};

static void hear_difference(void *context, const struct replay_difference *difference)
{
    struct heard *heard = context;

    assert_int_equal(difference->kind, REPLAY_SERVICE);
    heard->n_services++;
    heard->service = difference->service;
}

static int replay_changed(struct flight *f, const struct ha_state *then, struct heard *heard)
{
    struct replay_listener listener = {.context = heard, .differs = hear_difference};

    return replay_decide(f->replay,
                         &(struct replay_step){
                             .policy = &f->policy,
                             .recorded = &f->policy,
                             .view = f->reader.view,
                             .before = f->reader.before,
                             .then = then,
                             .answers = f->reader.answers,
                             .n_answers = f->reader.n_answers,
                             .fences = f->reader.fences,
                         },
                         &listener);
}

static void one_service_decided_otherwise_is_named(void **state)
{
    struct flight *f = flight_new(1);
    struct heard heard = {0};

    (void)state;
    begin(f, &world_exact, 1);
    world_run(f->world, duration_ms(60000));
    assert_int_equal(replay_changed(f, f->reader.state, &heard), 0);
    f->reader.state->services[4].node ^= 1;
    assert_int_equal(replay_changed(f, f->reader.state, &heard), 1);
    assert_int_equal(heard.n_services, 1);
    assert_int_equal(heard.service, 4);
    f->reader.state->services[4].node ^= 1;
    f->reader.state->services[3].why.code = REASON_NODE_LEFT;
    assert_int_equal(replay_changed(f, f->reader.state, &heard), 1);
    assert_int_equal(heard.service, 3);
    flight_free(f);
}

#define STEP "{\"full\":true,\"at\":5,\"now\":5,\"version\":1,\"next\":2,"
#define TIMES "\"times\":{\"alpha\":[1,null],\"beta\":[1,null],\"gamma\":[1,9],\"kappa\":[1,null]}}"

static void what_is_wrong_with_a_line_is_said(void **state)
{
    static const char *const wrong[][2] = {
        {"{\"at\":5,\"now\":5,\"version\":1,\"next\":2," TIMES, "does not begin with a full step"},
        {STEP "\"quorate\":1," TIMES, "\"quorate\" is neither true nor false"},
        {STEP "\"times\":{}}", "alpha: the times of a node are not a list of two"},
        {STEP "\"times\":{\"alpha\":[-1,null]}}", "alpha: a time is missing, or is no time"},
        {STEP "\"before\":[]," TIMES, "\"before\" is of the wrong type"},
        {STEP "\"before\":{\"services\":{\"ocf:x\":null}}," TIMES, "has no service ocf:x"},
        {STEP "\"before\":{\"services\":{\"ocf:a\":{\"state\":\"started\"}}}," TIMES,
         "ocf:a cannot have been in such a state"},
        {STEP "\"before\":{\"services\":{\"ocf:a\":{\"state\":\"sleeps\"}}}," TIMES,
         "\"sleeps\" is no state of a service"},
        {STEP "\"after\":{\"nodes\":{\"omega\":{}}}," TIMES, "after it: the policy has no node"},
        {STEP "\"seen\":{\"nodes\":{\"beta\":{\"boot\":7}}}," TIMES, "beta: \"boot\" is missing"},
        {STEP "\"seen\":{\"services\":[{\"service\":\"ocf:a\",\"on\":[\"omega\"]}]}," TIMES,
         "ocf:a: the policy has no node omega"},
        {STEP "\"seen\":{\"services\":[{\"service\":\"ocf:a\",\"cpus\":-1}]}," TIMES,
         "ocf:a: \"cpus\" is -1, which cannot be"},
        {STEP "\"seen\":{\"commands\":[{\"id\":1,\"kind\":\"migrate\"}]}," TIMES,
         "does not say whom it is about"},
        {STEP "\"answers\":[{}]," TIMES, "\"command\" is missing"},
        {STEP "\"fences\":[7]," TIMES, "has no node without a name"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        struct flight *f = flight_new(1);
        struct err err = {.text = ""};
        autojson *line = json_read(wrong[i][0], strlen(wrong[i][0]), &err);

        f->reader.policy = &f->policy;
        assert_non_null(line);
        assert_false(record_read_step(&f->reader, line, &err));
        if (!strstr(err.text, wrong[i][1]))
            fail_msg("%s: %s", wrong[i][0], err.text);
        flight_free(f);
    }
}

static void a_line_of_another_kind_or_format_is_told_apart(void **state)
{
    autojson *newer = json_pack("{s:i}", "record", 9), *none = json_pack("{s:i}", "x", 1);
    autojson *begun = record_begin("0.1.0", "alpha"), *policy = record_policy(7, "cluster home");
    enum record_line kind = RECORD_BEGIN;
    struct err err;

    (void)state;
    assert_false(record_kind(newer, &kind, &err));
    assert_string_equal(err.text, "this is a record of format 9; this version reads format 1");
    assert_false(record_kind(none, &kind, &err));
    assert_true(record_kind(begun, &kind, &err));
    assert_int_equal(kind, RECORD_BEGIN);
    assert_true(record_kind(policy, &kind, &err));
    assert_int_equal(kind, RECORD_POLICY);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_history_is_decided_alike_when_it_is_replayed),
        cmocka_unit_test(what_was_seen_comes_back_as_it_was),
        cmocka_unit_test(a_quiet_week_takes_no_room),
        cmocka_unit_test(another_policy_decides_otherwise_and_is_found),
        cmocka_unit_test(one_service_decided_otherwise_is_named),
        cmocka_unit_test(what_is_wrong_with_a_line_is_said),
        cmocka_unit_test(a_line_of_another_kind_or_format_is_told_apart),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
