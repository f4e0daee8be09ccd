/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Random clusters: what an explanation says is what the manager does. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/ha/decide/trial.h"

#include "ha/base/arena.h"
#include "ha/base/random.h"

static struct scene *random_scene(struct random *random)
{
    int n_nodes = 2 + random_below(random, 4), n_services = 1 + random_below(random, 7);
    struct scene *scene = scene_new(n_nodes, n_services);
    node_set all = (1u << n_nodes) - 1;

    for (node_id node = 0; node < n_nodes; node++)
        scene->policy.nodes[node].votes = 1;
    /* Not both together and apart: the checks of a policy refuse what cannot be. */
    for (int i = random_below(random, 3); i < 2; i++) {
        enum rule_kind kind = i ? RULE_ON : random_chance(random, 50) ? RULE_TOGETHER : RULE_APART;
        uint32_t services = (uint32_t)random_below(random, 1 << n_services) | 1u;
        struct rule *rule = scene_rule(scene, kind, random_chance(random, 50), services);

        if (kind == RULE_ON)
            scene_tier(rule, 1 + (node_set)random_below(random, (int)all));
    }
    for (service_id service = 0; service < n_services; service++)
        scene->services[service].failback = random_chance(random, 50);
    scene_start(scene);
    return scene;
}

/* Nodes fall silent, are proven off or go into maintenance; the first service is somewhere else. */
static void disturb(struct scene *scene, struct random *random)
{
    struct service *first = &scene->state.services[A];

    for (node_id node = 0; node < scene->policy.n_nodes; node++) {
        switch (random_below(random, 6)) {
        case 0: scene_silence(scene, node); break;
        case 1: scene_prove_off(scene, node); break;
        case 2: scene_command(scene, COMMAND_MAINTENANCE_ON, SERVICE_NONE, node); break;
        default: break;
        }
    }
    scene_settle(scene);
    first->tried = (node_set)random_below(random, 1 << scene->policy.n_nodes) &
                   (node_set)random_below(random, 1 << scene->policy.n_nodes);
    if (first->state == SERVICE_STARTED && first->is_running && random_chance(random, 50)) {
        first->state = SERVICE_REQUEST_START;
        scene->view.services[A].running_on = 0;
    }
}

static void assert_each_node_has_one_step(const struct scene *scene, const struct trial *trial)
{
    const struct placement *place = &trial->why.place;

    for (node_id node = 0; node < scene->policy.n_nodes; node++) {
        char text[REASON_TEXT_MAX];

        assert_int_equal(place->lost[node] == PLACED_HERE, node == place->node);
        reason_text(&trial->why.lost[node], &scene->policy, text, sizeof(text));
        assert_int_not_equal(trial->why.lost[node].code, REASON_NONE);
        if (strchr(text, '?'))
            fail_msg("node %d: %s", node, text);
    }
}

/* What the manager does next to the first service is what was explained. */
static void assert_is_done(struct scene *scene, const struct explanation *why)
{
    struct service before = scene->state.services[A];
    const struct service *after = &scene->state.services[A];
    enum service_state state = before.state;
    bool is_usable;

    scene_step(scene);
    is_usable = scene->state.nodes[before.node < 0 ? 0 : before.node].state == NODE_ONLINE;
    if (state == SERVICE_REQUEST_START || state == SERVICE_RECOVERY) {
        if (why->place.node == NODE_NONE)
            assert_int_not_equal(after->state, SERVICE_STARTED);
        else
            assert_service(scene, A, SERVICE_STARTED, why->place.node);
    } else if (state == SERVICE_STARTED && after->state == SERVICE_RELOCATE) {
        assert_int_equal(after->target, why->place.node);
    } else if (state == SERVICE_STARTED && is_usable && why->held.code == REASON_NONE &&
               why->place.node != NODE_NONE) {
        /* Where no node may have it, it stays: running beats the rule. */
        assert_int_equal(before.node, why->place.node);
    }
}

static void explanations_agree_with_decisions(void **state)
{
    struct trial *trial = xcalloc(1, sizeof(*trial));
    struct random random = {0};
    int n_placed = 0, n_held = 0;

    (void)state;
    for (uint64_t seed = 1; seed <= 600; seed++) {
        struct scene *scene;

        random.state = seed;
        scene = random_scene(&random);
        disturb(scene, &random);
        for (service_id service = scene->policy.n_services - 1; service >= 0; service--) {
            trial_begin(trial, scene);
            why_explain(&trial->world, service, &trial->why);
            assert_each_node_has_one_step(scene, trial);
            n_held += trial->why.held.code != REASON_NONE;
            n_placed += trial->why.place.node != NODE_NONE;
            if (service == A)
                assert_is_done(scene, &trial->why);
        }
        free(scene);
    }
    free(trial);
    /* Both happen, or nothing was tested. */
    assert_true(n_placed > 600 && n_held > 100);
}

static void what_would_come_next_comes(void **state)
{
    struct trial *trial = xcalloc(1, sizeof(*trial));
    struct random random = {0};
    int n_moved = 0;

    (void)state;
    for (uint64_t seed = 1; seed <= 300; seed++) {
        struct scene *scene;

        random.state = seed;
        scene = random_scene(&random);
        trial_begin(trial, scene);
        if (why_after_loss(&trial->world, A, &trial->prospect) && trial->prospect.node >= 0) {
            scene_prove_off(scene, trial->prospect.lost);
            scene->view.nodes[trial->prospect.lost].is_history_known = true;
            scene_step(scene);
            assert_service(scene, A, SERVICE_STARTED, trial->prospect.node);
            n_moved++;
        }
        free(scene);
    }
    free(trial);
    assert_true(n_moved > 50);
}

#define TEST(name) cmocka_unit_test(name)

int main(void)
{
    static const struct CMUnitTest tests[] = {
        TEST(explanations_agree_with_decisions),
        TEST(what_would_come_next_comes),
    };

    return cmocka_run_group_tests_name("why at random", tests, NULL, NULL);
}
