/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The chain of times in words and numbers; see times.h. */
#include "dsl/times.h"

#include "ha/base/json.h"
#include "ha/base/text.h"
#include "ha/whatif/predict.h"

#define LINES_MAX 5
/* What an agent takes to decide and to tell, on a busy machine: fencing.md promises it. */
#define DECIDE_MS 1000

/* From the moment in which a node dies without a word. */
struct chain_of_times {
    struct duration ring;            /* corosync's token for so many nodes */
    struct duration missed;          /* the others are a ring without it */
    struct duration proven;          /* behind its last word: nothing can run there any more */
    struct duration soonest, latest; /* its services start again */
    struct duration stall; /* shorter than this nobody is reset for it; 0: none is short enough */
    service_id slowest;    /* who may be down longest; SERVICE_NONE: nobody is to run */
    struct prediction longest;
};

const char *times_exact(struct arena *arena, struct duration duration)
{
    char buffer[32];
    struct text text;

    text_init(&text, buffer, sizeof(buffer));
    text_add_ms(&text, duration.ms);
    return arena_strdup(arena, buffer);
}

const char *times_told(struct arena *arena, struct duration duration)
{
    long long seconds = (long long)(duration.ms / 1000), tenths = duration.ms % 1000 / 100;

    if (seconds >= 60 && seconds % 60 == 0)
        return arena_printf(arena, "%lldm", seconds / 60);
    if (seconds >= 60)
        return arena_printf(arena, "%lldm %llds", seconds / 60, seconds % 60);
    if (tenths == 0)
        return arena_printf(arena, "%llds", seconds);
    return arena_printf(arena, "%lld.%llds", seconds, tenths);
}

static void find_slowest(const struct policy *policy, struct chain_of_times *chain)
{
    struct duration *first = xcalloc((size_t)policy->n_services, sizeof(first[0]));

    chain->slowest = SERVICE_NONE;
    predict_first(policy, NULL, first);
    for (service_id id = 0; id < policy->n_services; id++) {
        struct prediction prediction = predict_recovery(policy, id, first[id]);

        if (policy->services[id].requested != REQUESTED_STARTED ||
            (chain->slowest != SERVICE_NONE && prediction.total.ms <= chain->longest.total.ms))
            continue;
        chain->slowest = id;
        chain->longest = prediction;
    }
    free(first);
}

static struct chain_of_times chain_of(const struct policy *policy)
{
    const struct timing *timing = &policy->timing;
    struct chain_of_times chain = {
        .ring = timing_token(timing, policy->n_nodes),
        .missed = timing_notice(timing, policy->n_nodes),
        .proven = timing_recovery_wait(timing),
    };

    /* Its last word was up to one beat before its death, and the next is never said. */
    chain.soonest = duration_ms(chain.proven.ms - timing->beat.ms);
    if (chain.soonest.ms < chain.missed.ms)
        chain.soonest = chain.missed;
    chain.latest = duration_ms(chain.proven.ms + timing->beat.ms + DECIDE_MS);
    if (chain.latest.ms < chain.missed.ms + DECIDE_MS)
        chain.latest = duration_ms(chain.missed.ms + DECIDE_MS);
    if (timing->watchdog.ms > chain.missed.ms)
        chain.stall = duration_ms(timing->watchdog.ms - chain.missed.ms);
    find_slowest(policy, &chain);
    return chain;
}

static const char *basis_line(struct arena *arena, const struct policy *policy,
                              const struct chain_of_times *chain)
{
    const struct timing *timing = &policy->timing;
    const char *ring = chain->ring.ms == timing->token.ms
                           ? ""
                           : arena_printf(arena, " (%s with %d nodes)",
                                          times_told(arena, chain->ring), policy->n_nodes);
    const char *witness = timing->witness.ms ? arena_printf(arena, ", witness %s",
                                                            times_exact(arena, timing->witness))
                                             : "";
    const char *watchdog = timing->watchdog.ms ? times_exact(arena, timing->watchdog) : "none";

    return arena_printf(arena, "token %s%s, beat %s, lease %s, watchdog %s, allowance %s%s",
                        times_exact(arena, timing->token), ring, times_exact(arena, timing->beat),
                        times_exact(arena, timing->lease), watchdog,
                        times_exact(arena, timing->allowance), witness);
}

static const char *death_line(struct arena *arena, const struct policy *policy,
                              const struct chain_of_times *chain)
{
    const char *sum = policy->timing.witness.ms ? "lease + watchdog + allowance + 2 x witness"
                                                : "lease + watchdog + allowance";

    if (policy->n_nodes == 1)
        return "with one node nobody takes over";
    if (!policy->timing.watchdog.ms)
        return arena_printf(
            arena,
            "a dead node is missed after %s and taken for off after %s, which "
            "nothing proves without a watchdog",
            times_told(arena, chain->missed),
            times_told(arena, chain->proven.ms > chain->missed.ms ? chain->proven : chain->missed));
    return arena_printf(arena,
                        "a dead node is missed after %s and off for sure %s after its last "
                        "word (%s)",
                        times_told(arena, chain->missed), times_told(arena, chain->proven), sum);
}

static const char *slowest_line(struct arena *arena, const struct policy *policy,
                                const struct chain_of_times *chain)
{
    const struct prediction *longest = &chain->longest;
    const char *first = longest->first.ms ? arena_printf(arena, "%s for what starts before it, ",
                                                         times_told(arena, longest->first))
                                          : "";

    return arena_printf(
        arena, "%s may take longest to run again, %s: %s until then, %s%s for its own start",
        policy->services[chain->slowest].name, times_told(arena, longest->total),
        times_told(arena, duration_ms(longest->notice.ms + longest->proof.ms)), first,
        times_told(arena, longest->start));
}

const char *const *times_lines(struct arena *arena, const struct policy *policy, int *n_lines)
{
    const struct chain_of_times chain = chain_of(policy);
    const char **lines = arena_alloc(arena, LINES_MAX * sizeof(lines[0]));
    int n = 0;

    lines[n++] = basis_line(arena, policy, &chain);
    lines[n++] = death_line(arena, policy, &chain);
    if (policy->n_nodes > 1)
        lines[n++] =
            arena_printf(arena, "its services start again %s to %s after its death",
                         times_told(arena, chain.soonest), times_told(arena, chain.latest));
    if (policy->n_nodes > 1 && chain.slowest != SERVICE_NONE)
        lines[n++] = slowest_line(arena, policy, &chain);
    if (policy->n_nodes > 1 && chain.stall.ms)
        lines[n++] = arena_printf(arena,
                                  "a node that stalls or is cut off for less than %s is not "
                                  "reset",
                                  times_told(arena, chain.stall));
    *n_lines = n;
    return lines;
}

json_t *times_json(const struct policy *policy)
{
    const struct timing *timing = &policy->timing;
    const struct chain_of_times chain = chain_of(policy);
    json_t *json =
        json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:I}", "token_ms", (json_int_t)timing->token.ms,
                  "ring_ms", (json_int_t)chain.ring.ms, "beat_ms", (json_int_t)timing->beat.ms,
                  "lease_ms", (json_int_t)timing->lease.ms, "watchdog_ms",
                  (json_int_t)timing->watchdog.ms, "allowance_ms", (json_int_t)timing->allowance.ms,
                  "witness_ms", (json_int_t)timing->witness.ms);

    json_object_set_new(json, "missed_ms", json_integer(chain.missed.ms));
    json_object_set_new(json, "proven_ms", json_integer(chain.proven.ms));
    json_object_set_new(json, "soonest_ms", json_integer(chain.soonest.ms));
    json_object_set_new(json, "latest_ms", json_integer(chain.latest.ms));
    json_object_set_new(json, "stall_ms", json_integer(chain.stall.ms));
    if (chain.slowest != SERVICE_NONE) {
        json_object_set_new(json, "slowest", json_string(policy->services[chain.slowest].name));
        json_object_set_new(json, "slowest_ms", json_integer(chain.longest.total.ms));
    }
    return json;
}
