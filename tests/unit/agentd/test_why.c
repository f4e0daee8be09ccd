/* SPDX-License-Identifier: GPL-3.0-or-later */
/* "ha why" and "ha why-not" as rows: from stored records, with the policy's lines of that time. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "agentd/agent.h"
#include "agentd/audit.h"
#include "agentd/control_server.h"
#include "agentd/rows.h"
#include "agentd/verbs.h"
#include "ha/base/arena.h"
#include "ha/base/json.h"
#include "ha/base/text.h"
#include "ha/model/codec.h"

static const char policy[] = "cluster home { network lan }\n"
                             "node alpha { address 10.0.0.1 }\n"
                             "node beta { address 10.0.0.2 }\n"
                             "node gamma { address 10.0.0.3 }\n"
                             "service ocf:a { agent heartbeat:Dummy }\n"
                             "service ocf:b { agent heartbeat:Dummy; keep on alpha, gamma }\n"
                             "rule far: keep ocf:a, ocf:b apart\n";
static const char older_policy[] = "# Once upon a time, line 7 was another one.\n\n\n\n\n\n"
                                   "  rule near: keep ocf:a, ocf:b together\n";

/* What the client got, and what the history is asked and knows. */
static struct {
    json_t *rows;
    json_t *done;
    char error[256];
    char hint[256];
    json_t *patches;
    int n_asked;
    bool is_silent;
} world;

void session_row(struct session *session, int64_t id, json_t *row)
{
    (void)session, (void)id;
    json_array_append_new(world.rows, row);
}

void session_done(struct session *session, int64_t id, json_t *members)
{
    (void)session, (void)id;
    assert_null(world.done);
    world.done = members ? members : json_object();
}

void session_error(struct session *session, int64_t id, int code, const char *hint,
                   const char *format, ...)
{
    va_list arguments;

    (void)session, (void)id, (void)code;
    snprintf(world.hint, sizeof(world.hint), "%s", hint ? hint : "");
    va_start(arguments, format);
    vsnprintf(world.error, sizeof(world.error), format, arguments);
    va_end(arguments);
}

enum control_role session_role(const struct session *session)
{
    (void)session;
    return ROLE_ADMIN;
}

const char *session_user(const struct session *session)
{
    (void)session;
    return "jin";
}

void session_error_with(struct session *session, int64_t id, json_t *error)
{
    (void)session, (void)id;
    json_decref(error);
}

void session_watch(struct session *session, int64_t id)
{
    (void)session, (void)id;
}

void session_follow(struct session *session, int64_t id, const json_t *filter)
{
    (void)filter;
    (void)session, (void)id;
}

void audit_begin(struct agent *agent, struct session *session, const json_t *request,
                 const char *verb)
{
    (void)agent, (void)session, (void)request, (void)verb;
}

void audit_begun(struct agent *agent, const struct session *session, int64_t reply_to)
{
    (void)agent, (void)session, (void)reply_to;
}

void audit_sent(struct agent *agent, const struct session *session, int64_t reply_to, json_t *body)
{
    (void)agent, (void)session, (void)reply_to, (void)body;
}

json_t *audit_event(const json_t *row)
{
    (void)row;
    return NULL;
}

struct instant agent_now(void)
{
    return (struct instant){1000000};
}

int64_t agent_wall_ms(void)
{
    return 1000000;
}

const char *agent_node(const struct agent *agent)
{
    (void)agent;
    return "alpha";
}

/* All three are here and have told; the test takes away what it wants to. */
static node_set here;

void view_make(struct agent *agent, struct instant now)
{
    cluster_view_init(agent->view, 3, 2);
    agent->view->now = agent->view->stamp = now;
    agent->view->is_quorate = true;
    for (node_id node = 0; node < 3; node++) {
        agent->view->nodes[node] = (struct node_view){
            .is_member = node_in(here, node),
            .has_report = node_in(here, node),
            .dead_at = node_in(here, node) ? INSTANT_NEVER : instant_after(now, duration_ms(5200)),
        };
        text_copy(agent->view->nodes[node].boot_id, BOOT_ID_MAX, "one");
    }
    for (service_id id = 0; id < 2; id++) {
        const struct service *service = &agent->knowledge.agreed->services[id];

        if (service->state == SERVICE_STARTED && service->node != NODE_NONE)
            agent->view->services[id].running_on = node_bit(service->node);
    }
}

/* Answers at once, as the store would: patches of one subject or all, a version of the policy. */
void history_ask(struct history *history, const struct question *question, history_answer *answer,
                 void *context)
{
    struct err err = {{0}};
    autojson *value = NULL;
    json_t *patch;
    size_t i;

    (void)history;
    world.n_asked++;
    if (world.is_silent) {
        err_set(&err, "the disk is gone");
        answer(context, question, NULL, &err);
        return;
    }
    if (question->kind == QUESTION_POLICY) {
        value = json_pack("{s:I,s:s}", "version", (json_int_t)question->version, "text",
                          question->version == 1 ? older_policy : policy);
        answer(context, question, value, &err);
        return;
    }
    value = json_array();
    json_array_foreach(world.patches, i, patch)
    {
        if ((uint64_t)json_int(patch, "version", 0) > question->after)
            json_array_append(value, patch);
    }
    answer(context, question, value, &err);
}

/* ---- the stage ------------------------------------------------------------------------------- */

static struct agent agent;

static void add_change(int version, const char *subject, const char *const states[2],
                       const struct reason *why)
{
    bool is_service = strchr(subject, ':') != NULL;
    json_t *change =
        json_pack("{s:s,s:s,s:s,s:o}", is_service ? "service" : "node", subject, "from", states[0],
                  "to", states[1], "why", codec_reason(why, agent.knowledge.policy));
    json_t *patch =
        json_pack("{s:i,s:i,s:s,s:i,s:[o]}", "version", version, "stamp", version * 1000, "by",
                  "alpha", "policy", version < 5 ? 1 : 2, "changes", change);

    json_array_append_new(world.patches, patch);
}

static struct reason because(enum reason_code code, node_id node, int line)
{
    struct reason why = reason_of(code);

    why.node = node;
    why.line = line;
    return why;
}

static void fill_history(void)
{
    static const char *const runs[] = {"started", "started"}, *const lost[] = {"online", "unknown"};
    static const char *const off[] = {"unknown", "fence"}, *const fenced[] = {"started", "fence"};
    static const char *const started[] = {"recovery", "started"};
    struct reason why = because(REASON_ADDED, NODE_NONE, 7);

    world.patches = json_array();
    add_change(2, "ocf:a", runs, &why);
    why = because(REASON_RUNS_NOW, 1, 0);
    add_change(3, "ocf:a", runs, &why);
    why = because(REASON_NODE_SILENT, 1, 0);
    add_change(4, "beta", lost, &why);
    why = because(REASON_NODE_PROVEN_OFF, 1, 0);
    add_change(6, "beta", off, &why);
    why = because(REASON_ITS_NODE_IS_OFF, 1, 0);
    add_change(6, "ocf:a", fenced, &why);
    why = because(REASON_APART_LEAVES_NONE, 0, 7);
    add_change(6, "ocf:a", started, &why);
}

static int open_stage(void **state)
{
    autojson *records = json_object();
    autojson *value =
        json_pack("{s:i,s:s,s:i,s:s}", "version", 2, "author", "jin", "stamp", 1, "text", policy);
    char *text = json_write(value);
    struct arena *arena;
    struct policy *before;

    (void)state;
    json_object_set_new(records, "policy", json_string(text));
    free(text);
    world.rows = json_array();
    agent = (struct agent){.member = (struct member *)&world, .roster = {.n_nodes = 3}};
    agent.status.is_quorate = agent.status.is_in_sync = true;
    agent.view = xcalloc(1, sizeof(*agent.view));
    agent.next = xcalloc(1, sizeof(*agent.next));
    agent.outcome = xcalloc(1, sizeof(*agent.outcome));
    agent.changes = xcalloc(CHANGES_MAX, sizeof(*agent.changes));
    knowledge_init(&agent.knowledge);
    assert_true(knowledge_load(&agent.knowledge, records, 6, &arena, &before));
    here = 7;
    for (node_id node = 0; node < 3; node++) {
        agent.policy_of[node] = agent.roster_of[node] = node;
        agent.knowledge.agreed->nodes[node].state = NODE_ONLINE;
        text_copy(agent.knowledge.agreed->nodes[node].boot_id, BOOT_ID_MAX, "one");
    }
    for (service_id id = 0; id < 2; id++)
        agent.knowledge.agreed->services[id] = (struct service){
            .state = SERVICE_STARTED,
            .node = id == 0 ? 1 : 2,
            .target = NODE_NONE,
            .fallback = NODE_NONE,
            .is_running = true,
            .since = {6000},
            .why = because(REASON_RUNS_NOW, id == 0 ? 1 : 2, 0),
        };
    fill_history();
    return 0;
}

static int close_stage(void **state)
{
    (void)state;
    verbs_end(&agent);
    knowledge_fini(&agent.knowledge);
    free(agent.view);
    free(agent.next);
    free(agent.outcome);
    free(agent.changes);
    json_decref(world.rows);
    json_decref(world.done);
    json_decref(world.patches);
    memset(&world, 0, sizeof(world));
    return 0;
}

static void ask(const char *verb, const char *service, const char *node)
{
    autojson *request = json_pack("{s:s,s:[s]}", "verb", verb, "args", service);

    if (node)
        json_array_append_new(json_object_get(request, "args"), json_string(node));
    if (strcmp(verb, "ha why --all") == 0) {
        json_object_set_new(request, "verb", json_string("ha why"));
        json_object_set_new(request, "all", json_true());
    }
    verb_run(&agent, (struct session *)&world, request);
}

static const char *text_at(size_t at, const char *member)
{
    return json_text(json_array_get(world.rows, at), member, "");
}

/* ---- why ------------------------------------------------------------------------------------- */

static void it_begins_with_now_and_ends_with_next(void **state)
{
    size_t last;

    (void)state;
    ask("ha why", "ocf:a", NULL);
    assert_non_null(world.done);
    last = json_array_size(world.rows) - 1;
    assert_string_equal(text_at(0, "kind"), "now");
    assert_string_equal(text_at(0, "state"), "started");
    assert_string_equal(text_at(0, "node"), "beta");
    assert_string_equal(text_at(last, "kind"), "next");
    assert_string_equal(text_at(last, "lost"), "beta");
    /* Gamma has its neighbour. */
    assert_string_equal(text_at(last, "node"), "alpha");
}

static void the_chain_holds_the_node_that_was_lost(void **state)
{
    static const char *const codes[] = {"RUNS_NOW", "NODE_SILENT", "NODE_PROVEN_OFF",
                                        "ITS_NODE_IS_OFF", "APART_LEAVES_NONE"};

    (void)state;
    ask("ha why", "ocf:a", NULL);
    assert_int_equal(json_array_size(world.rows), 7);
    for (size_t i = 0; i < 5; i++)
        assert_string_equal(text_at(i + 1, "code"), codes[i]);
    assert_int_equal(json_int(world.done, "earlier", -1), 1);
}

static void a_line_is_of_the_policy_by_which_it_was_decided(void **state)
{
    (void)state;
    ask("ha why --all", "ocf:a", NULL);
    assert_string_equal(text_at(1, "code"), "ADDED");
    assert_int_equal(json_int(json_array_get(world.rows, 1), "policy", 0), 1);
    assert_string_equal(text_at(1, "policy_line"), "rule near: keep ocf:a, ocf:b together");
    assert_string_equal(text_at(4, "code"), "APART_LEAVES_NONE");
    assert_string_equal(text_at(4, "policy_line"), "rule far: keep ocf:a, ocf:b apart");
    assert_int_equal(json_int(world.done, "earlier", -1), 0);
}

static void what_is_waited_for_is_told_with_the_time_that_is_left(void **state)
{
    size_t last;

    (void)state;
    here = agent.status.agents = 5;
    agent.knowledge.agreed->nodes[1].state = NODE_UNKNOWN;
    ask("ha why", "ocf:a", NULL);
    last = json_array_size(world.rows) - 1;
    assert_string_equal(text_at(last, "kind"), "held");
    assert_false(json_flag(json_array_get(world.rows, 0), "is_node_here", true));
    assert_string_equal(text_at(last, "why"), "waits until beta is proven off, 5.2 s from now");
}

/* The table says who wanted it so, not what everybody sees. */
static void what_was_stopped_by_hand_is_said_to_be_so(void **state)
{
    struct service *service = &agent.knowledge.agreed->services[0];
    json_t *row;

    (void)state;
    service->state = SERVICE_STOPPED;
    service->why = reason_on(REASON_STOPPED_NOW, 0);
    row = rows_service(&agent, 0);
    assert_string_equal(json_text(row, "why", ""), "alpha reports that it is stopped");
    json_decref(row);
    service->is_held = true;
    row = rows_service(&agent, 0);
    assert_string_equal(json_text(row, "why", ""), "somebody stopped it by hand");
    json_decref(row);
}

static void without_a_quorum_it_says_so_and_foretells_nothing(void **state)
{
    (void)state;
    agent.status.is_quorate = false;
    ask("ha why", "ocf:a", NULL);
    assert_true(json_flag(world.done, "stale", false));
    assert_int_equal(json_array_size(world.rows), 6);
    json_array_clear(world.rows);
    json_decref(world.done);
    world.done = NULL;
    ask("ha why-not", "ocf:a", NULL);
    assert_true(json_flag(world.done, "stale", false));
    assert_int_equal(json_array_size(world.rows), 1);
}

static void a_name_without_its_type_may_be_meant_for_two_services(void **state)
{
    struct policy *known = calloc(1, sizeof(*known));
    struct service_policy *services = calloc(2, sizeof(*services));

    (void)state;
    assert_non_null(known);
    assert_non_null(services);
    *known = *agent.knowledge.policy;
    memcpy(services, known->services, 2 * sizeof(*services));
    text_copy(services[1].name, sizeof(services[1].name), "vm:a");
    known->services = services;
    agent.knowledge.policy = known;
    ask("ha why", "a", NULL);
    assert_string_equal(world.error, "no service is called \"a\"");
    assert_string_equal(world.hint, "did you mean ocf:a or vm:a?");
    free(services);
    free(known);
}

static void what_cannot_be_read_or_is_not_there_is_an_error(void **state)
{
    (void)state;
    ask("ha why", "ocf:aa", NULL);
    assert_string_equal(world.error, "no service is called \"ocf:aa\"");
    assert_string_equal(world.hint, "did you mean ocf:a?");
    ask("ha why", "b", NULL);
    assert_string_equal(world.error, "no service is called \"b\"");
    assert_string_equal(world.hint, "did you mean ocf:b?");
    ask("ha why", "elsewhere", NULL);
    assert_string_equal(world.hint, "tenuto ha status lists them");
    ask("ha why-not", "ocf:a", "delta");
    assert_string_equal(world.error, "no node is called \"delta\"");
    world.is_silent = true;
    ask("ha why", "ocf:a", NULL);
    assert_string_equal(world.error, "the disk is gone");
    assert_null(world.done);
    assert_null(agent.asking);
}

/* ---- why not --------------------------------------------------------------------------------- */

static void each_node_has_its_step_its_reason_and_its_line(void **state)
{
    (void)state;
    ask("ha why-not", "ocf:b", NULL);
    assert_int_equal(json_array_size(world.rows), 4);
    assert_string_equal(text_at(1, "node"), "alpha");
    assert_int_equal(json_int(json_array_get(world.rows, 1), "step", -1), 12);
    assert_string_equal(text_at(2, "node"), "beta");
    assert_int_equal(json_int(json_array_get(world.rows, 2), "step", -1), 2);
    assert_string_equal(text_at(2, "policy_line"),
                        "service ocf:b { agent heartbeat:Dummy; keep on alpha, gamma }");
    assert_int_equal(json_int(json_array_get(world.rows, 3), "step", -1), 0);
}

static void one_node_can_be_asked_for(void **state)
{
    (void)state;
    ask("ha why-not", "ocf:a", "gamma");
    assert_int_equal(json_array_size(world.rows), 2);
    assert_string_equal(text_at(1, "code"), "REFUSED_APART");
    assert_string_equal(text_at(1, "why"),
                        "rule far keeps ocf:b, which is on gamma, apart from it");
}

static void a_node_that_cannot_be_used_says_since_when(void **state)
{
    struct node *gamma = &agent.knowledge.agreed->nodes[2];

    (void)state;
    here = 3;
    gamma->state = NODE_UNKNOWN;
    gamma->since.ms = 4000;
    gamma->why = because(REASON_NODE_SILENT, 2, 0);
    ask("ha why-not", "ocf:a", "gamma");
    assert_string_equal(text_at(1, "code"), "NODE_SILENT");
    assert_int_equal(json_int(json_array_get(world.rows, 1), "since", 0), 4000);
}

static void where_it_failed_it_says_how(void **state)
{
    static const char *const moved[] = {"started", "relocate"};
    struct reason why = because(REASON_START_FAILED, 0, 0);

    (void)state;
    text_copy(why.words, sizeof(why.words), "no such device");
    why.number = 5;
    why.other = 1;
    add_change(8, "ocf:a", moved, &why);
    agent.knowledge.agreed->services[0].tried = 1;
    ask("ha why-not", "ocf:a", "alpha");
    assert_string_equal(text_at(1, "code"), "FAILED_THERE");
    assert_string_equal(text_at(1, "failure"),
                        "alpha could not start it (exit 5): no such device; beta is tried next");
    assert_int_equal(json_int(json_array_get(world.rows, 1), "failure_at", 0), 8000);
}

static void pushes_and_leaders_are_reasons_too(void **state)
{
    struct reason pushed = reason_of(REASON_PUSHED), leads = because(REASON_LEADS, 1, 0);
    autojson *patch = NULL, *rows = NULL;

    (void)state;
    text_copy(pushed.words, sizeof(pushed.words), "jin");
    patch = json_pack("{s:i,s:[{s:i,s:o},{s:s,s:s,s:o}]}", "version", 9, "changes", "policy", 3,
                      "why", codec_reason(&pushed, NULL), "leader", "beta", "from", "alpha", "why",
                      codec_reason(&leads, agent.knowledge.policy));
    rows = verb_events_of(patch);
    assert_string_equal(json_text(json_array_get(rows, 0), "why", ""), "pushed by jin");
    assert_string_equal(json_text(json_array_get(rows, 0), "kind", ""), "policy");
    assert_string_equal(json_text(json_array_get(rows, 1), "why", ""),
                        "beta is the first of the group that is in sync");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_stage, close_stage)

int main(void)
{
    static const struct CMUnitTest tests[] = {
        TEST(it_begins_with_now_and_ends_with_next),
        TEST(the_chain_holds_the_node_that_was_lost),
        TEST(a_line_is_of_the_policy_by_which_it_was_decided),
        TEST(what_is_waited_for_is_told_with_the_time_that_is_left),
        TEST(what_was_stopped_by_hand_is_said_to_be_so),
        TEST(without_a_quorum_it_says_so_and_foretells_nothing),
        TEST(a_name_without_its_type_may_be_meant_for_two_services),
        TEST(what_cannot_be_read_or_is_not_there_is_an_error),
        TEST(each_node_has_its_step_its_reason_and_its_line),
        TEST(one_node_can_be_asked_for),
        TEST(a_node_that_cannot_be_used_says_since_when),
        TEST(where_it_failed_it_says_how),
        TEST(pushes_and_leaders_are_reasons_too),
    };

    return cmocka_run_group_tests_name("why", tests, NULL, NULL);
}
