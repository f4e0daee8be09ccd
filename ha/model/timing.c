/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The chain of times that a network asks for; see timing.h. */
#include "ha/model/timing.h"

#include <stddef.h>
#include <string.h>

/*
 * What each kind of network gets when the policy says no more. The watchdog is
 * the smallest in common use that keeps both inequalities of timing.h for small
 * clusters; larger ones are checked against their own size.
 */
static const struct profile {
    const char *network;
    int64_t token_ms;
    int64_t watchdog_ms;
} profiles[] = {
    {"lan", 1000, 5000},      /* one switch: a lost token is a lost node */
    {"virtual", 3000, 10000}, /* hosts that stall their guests now and then */
    {"cloud", 5000, 15000},   /* neighbours that take the network for seconds */
    {"wan", 10000, 30000},    /* long lines that are routed anew */
};

/* Corosync's own 650 ms for each node above two makes big rings slow. */
#define COEFFICIENT_MS 125
#define BEAT_MAX_MS 500
#define BEATS_IN_LEASE 4
#define ALLOWANCE_LEAST_MS 250

struct timing timing_of_network(const char *network, struct duration token,
                                struct duration watchdog)
{
    const struct profile *profile = &profiles[0];
    struct timing timing = {.coefficient = {COEFFICIENT_MS}};

    for (size_t i = 0; i < sizeof(profiles) / sizeof(profiles[0]); i++) {
        if (network && strcmp(network, profiles[i].network) == 0)
            profile = &profiles[i];
    }
    timing.token = token.ms ? token : duration_ms(profile->token_ms);
    timing.watchdog = watchdog.ms ? watchdog : duration_ms(profile->watchdog_ms);
    timing.beat.ms = timing.watchdog.ms / 10;
    if (timing.beat.ms > BEAT_MAX_MS)
        timing.beat.ms = BEAT_MAX_MS;
    timing.lease.ms = BEATS_IN_LEASE * timing.beat.ms;
    timing.allowance.ms = (timing.lease.ms + timing.watchdog.ms + 99) / 100 + ALLOWANCE_LEAST_MS;
    return timing;
}

struct duration timing_token(const struct timing *timing, int nodes)
{
    int more = nodes > 2 ? nodes - 2 : 0;

    return duration_ms(timing->token.ms + more * timing->coefficient.ms);
}

struct duration timing_recovery_wait(const struct timing *timing)
{
    return duration_ms(timing->lease.ms + timing->watchdog.ms + timing->allowance.ms +
                       2 * timing->witness.ms);
}

struct duration timing_notice(const struct timing *timing, int nodes)
{
    return duration_ms((22 * timing_token(timing, nodes).ms + 9) / 10);
}

struct duration timing_liveness_floor(const struct timing *timing, int nodes)
{
    return duration_ms(timing_notice(timing, nodes).ms + 3 * timing->beat.ms +
                       timing->allowance.ms);
}
