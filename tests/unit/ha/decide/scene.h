/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A small cluster for tests of the rules: nodes alpha, beta, gamma ..., services
 * ocf:a, ocf:b, ocf:c ..., a view that the test changes by hand, and players that
 * obey when told to.
 */
#pragma once

#include "ha/decide/crm.h"

#define SCENE_NODES_MAX 8
#define SCENE_SERVICES_MAX 32
#define SCENE_RULES_MAX 8

enum { ALPHA, BETA, GAMMA, KAPPA, OMEGA };
enum { A, B, C, D, E, F };

struct scene {
    struct policy policy;
    struct service_policy services[SCENE_SERVICES_MAX];
    struct rule rules[SCENE_RULES_MAX];
    service_id named[SCENE_RULES_MAX][SCENE_SERVICES_MAX];
    struct ha_state state;
    struct cluster_view view;
    struct outcome outcome;
    struct duration lasts; /* of the commands that follow */
    const char *words;     /* and who asks; NULL: nobody says */
    struct change changes[CHANGES_OF(SCENE_NODES_MAX, SCENE_SERVICES_MAX)];
};

/* Nobody has joined yet; the caller frees. */
struct scene *scene_new(int n_nodes, int n_services);
/* A new rule over the services whose bits are set; tiers of RULE_ON are added by the caller. */
struct rule *scene_rule(struct scene *scene, enum rule_kind kind, bool is_strict,
                        uint32_t services);
void scene_tier(struct rule *rule, node_set nodes);

/* In the group with a report; boot "one" unless another is said. */
void scene_join(struct scene *scene, node_set nodes);
void scene_join_boot(struct scene *scene, node_id node, const char *boot_id);
/* Out of the group; what it ran may still run. */
void scene_silence(struct scene *scene, node_id node);
void scene_prove_off(struct scene *scene, node_id node);

/* One step of the manager; results of services that were asked something new are gone after it. */
void scene_step(struct scene *scene);
/* What the player of the node in charge says of the present cause. */
void scene_result(struct scene *scene, service_id service, enum job_code code);
/* Players obey and the manager decides, until nothing changes any more. */
void scene_settle(struct scene *scene);
/* Everybody joins and everything that can run runs. */
void scene_start(struct scene *scene);
/* A step with this one command; true if it was accepted. */
bool scene_command(struct scene *scene, enum command_kind kind, service_id service, node_id node);
/* What was answered to it. */
enum reason_code scene_answer(const struct scene *scene);
/* Both clocks go on; nobody has decided anything yet. */
void scene_pass(struct scene *scene, int64_t ms);

/* The changes of the last step. */
int scene_changes_of(const struct scene *scene, service_id service);
bool scene_has_change(const struct scene *scene, service_id service, enum service_state to,
                      enum reason_code why);
bool scene_has_node_change(const struct scene *scene, node_id node, enum node_state to,
                           enum reason_code why);
bool scene_has_arming_change(const struct scene *scene, enum arming_state to, enum reason_code why);

#define assert_service(scene, id, wanted_state, wanted_node)                                       \
    do {                                                                                           \
        assert_string_equal(service_state_name((scene)->state.services[id].state),                 \
                            service_state_name(wanted_state));                                     \
        assert_int_equal((scene)->state.services[id].node, wanted_node);                           \
    } while (0)
#define assert_waits(scene, id, code_wanted, node_wanted)                                          \
    do {                                                                                           \
        assert_string_equal(reason_name((scene)->state.services[id].why.code),                     \
                            reason_name(code_wanted));                                             \
        assert_int_equal((scene)->state.services[id].why.node, node_wanted);                       \
    } while (0)
