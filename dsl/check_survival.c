/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Level 5: what the policy survives, in words. The production manager has said where
 * everything goes (ha/whatif/survive.h); here it becomes a sentence, and a warning where
 * the loss of one node already leaves something behind.
 */
#include "dsl/check.h"

#include <stdlib.h>

#include "ha/base/text.h"
#include "ha/whatif/survive.h"

struct finding {
    struct resolution *resolution;
    const struct policy *policy;
    const struct survival *survival;
};

/* "alpha", "alpha and beta", "alpha, beta and gamma" */
static const char *names_of(const struct finding *a, node_set nodes)
{
    char buffer[NODES_MAX * (NODE_NAME_MAX + 5)];
    struct text text;
    int left = node_set_count(nodes);

    text_init(&text, buffer, sizeof(buffer));
    NODE_SET_EACH(node, nodes)
    {
        left--;
        text_add(&text, "%s%s", a->policy->nodes[node].name,
                 left > 1    ? ", "
                 : left == 1 ? " and "
                             : "");
    }
    return arena_strdup(a->resolution->arena, buffer);
}

static const char *memory_shown(const struct finding *a, int64_t bytes)
{
    char buffer[32];
    struct text text;

    text_init(&text, buffer, sizeof(buffer));
    text_add_bytes(&text, bytes);
    text_add(&text, " of memory");
    return arena_strdup(a->resolution->arena, buffer);
}

static const char *cpus_shown(const struct finding *a, int milli)
{
    return milli % 1000
               ? arena_printf(a->resolution->arena, "%d.%03d cpus", milli / 1000, milli % 1000)
               : arena_printf(a->resolution->arena, "%d cpus", milli / 1000);
}

/* "ocf:web", "ocf:web and 3 more" */
static const char *services_shown(const struct finding *a)
{
    const char *first = a->policy->services[a->survival->service].name;
    int more = a->survival->n_services - 1;

    return more ? arena_printf(a->resolution->arena, "%s and %d more", first, more) : first;
}

static const char *reason_shown(const struct finding *a)
{
    char buffer[REASON_TEXT_MAX];

    reason_text(&a->survival->why, a->policy, buffer, sizeof(buffer));
    return arena_strdup(a->resolution->arena, buffer);
}

static void warn_of_place(const struct finding *a)
{
    struct resolution *r = a->resolution;
    struct location at = syntax_place(r->tree, r->sources[a->survival->service].name_at);
    struct diagnostic *entry;

    if (!a->survival->lost) {
        entry = diagnostics_add(r->diagnostics, DIAGNOSTIC_NO_PLACE, at, services_shown(a),
                                reason_shown(a));
        if (check_has_placement(r))
            diagnostics_hint(r->diagnostics, entry,
                             "there is a place for each: with the priority of those that are in "
                             "its way it gets one");
        return;
    }
    entry = diagnostics_add(r->diagnostics, DIAGNOSTIC_LEFT_BEHIND, at,
                            names_of(a, a->survival->lost), services_shown(a), reason_shown(a));
    diagnostics_hint(r->diagnostics, entry, "try it: tenuto drill run, with \"power off %s\"",
                     names_of(a, a->survival->lost));
}

static void warn_of_load(const struct finding *a)
{
    const struct survival *survival = a->survival;
    const struct node_policy *node = &a->policy->nodes[survival->node];
    struct resolution *r = a->resolution;
    struct location at = syntax_place(r->tree, r->node_at[survival->node]);
    bool is_memory = survival->lack == LACK_MEMORY;
    const char *when = survival->lost
                           ? arena_printf(r->arena, "without %s", names_of(a, survival->lost))
                           : "with every node up";
    struct diagnostic *entry = diagnostics_add(
        r->diagnostics, DIAGNOSTIC_OVERLOADED, at, when, node->name,
        is_memory ? memory_shown(a, survival->needs.memory)
                  : cpus_shown(a, (int)survival->needs.cpus_milli),
        is_memory ? memory_shown(a, node->memory) : cpus_shown(a, node->cpus_milli));

    if (a->policy->scheduling.mode == SCHEDULING_BASIC)
        diagnostics_hint(r->diagnostics, entry,
                         "services are spread by their number now; to weigh what they need write: "
                         "scheduling { mode static }");
}

/* What the first set that does not work lacks, as the end of a sentence. */
static const char *lack_shown(const struct finding *a)
{
    struct arena *arena = a->resolution->arena;

    switch (a->survival->lack) {
    case LACK_QUORUM: return "the rest has no quorum";
    case LACK_PLACE: return arena_printf(arena, "%s has no place", services_shown(a));
    case LACK_MEMORY:
    case LACK_CPUS:
        return arena_printf(arena, "%s is overloaded", a->policy->nodes[a->survival->node].name);
    case LACK_CALM: return "the services never come to rest";
    case LACK_NOTHING: break;
    }
    return "nothing is lacking";
}

static const char *sentence(const struct finding *a)
{
    const struct survival *survival = a->survival;
    struct arena *arena = a->resolution->arena;
    int count = survival->failures;
    const char *text;

    if (count < 0)
        return arena_printf(arena, "does not work even with every node up: %s", lack_shown(a));
    if (count == 0)
        text = arena_printf(arena, "does not survive the loss of %s: %s",
                            names_of(a, survival->lost), lack_shown(a));
    else if (survival->lost && survival->lack != LACK_QUORUM)
        text = arena_printf(arena, "survives the loss of any %d node%s, but not of %s: %s", count,
                            count == 1 ? "" : "s", names_of(a, survival->lost), lack_shown(a));
    else
        text =
            arena_printf(arena, "survives the loss of any %d node%s%s", count,
                         count == 1 ? "" : "s", survival->is_whole ? "" : " (more were not tried)");
    if (survival->n_pinned)
        text = arena_printf(arena, "%s; %d service%s bound to one node go%s down with it", text,
                            survival->n_pinned, survival->n_pinned == 1 ? "" : "s",
                            survival->n_pinned == 1 ? "es" : "");
    return text;
}

const char *check_survival(struct resolution *r)
{
    struct survival survival;
    struct finding finding = {.resolution = r, .policy = r->policy, .survival = &survival};
    void *space = xcalloc(1, survive_size());

    survive_run(r->policy, space, &survival);
    free(space);
    /* What needs two failures at once is worth a sentence, not a warning. */
    if (survival.failures < 1 && survival.lack == LACK_PLACE)
        warn_of_place(&finding);
    else if (survival.failures < 1 && (survival.lack == LACK_MEMORY || survival.lack == LACK_CPUS))
        warn_of_load(&finding);
    return sentence(&finding);
}
