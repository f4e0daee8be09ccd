/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * When the feeding stops. The rules are few and each one is a function; the
 * order inside keeper_turn matters: whoever was away too long must not feed.
 */
#include "fence/keeper.h"

#include <stddef.h>

/* Ending this much early keeps an honest feed at the last moment from looking like a late one. */
#define FEED_MARGIN_MS 10
/* An agent with nothing to guard says that it is alive ten times a second; this is no hiccup. */
#define IDLE_HANG_MS 5000
/* The shortest timeout a driver takes, and the longest that is still an answer to anything. */
#define WATCHDOG_MS_MIN 1000
#define WATCHDOG_MS_MAX 600000
/* A reset that comes back failed; the watchdog will do it, meanwhile we go on trying. */
#define RESET_AGAIN_MS 1000

/* The agent's lease may have become longer since it armed; but no lease is as long as this. */
static bool check_until(struct instant until, struct instant now, struct err *err)
{
    if (instant_before(instant_after(now, duration_ms(WATCHDOG_MS_MAX)), until))
        return err_set(err, "no lease runs until %lld ms: it is %lld ms", (long long)until.ms,
                       (long long)now.ms);
    return true;
}

bool keeper_check_arm(const struct keeper *keeper, const struct keeper_arming *arming,
                      struct instant now, struct err *err)
{
    if (keeper->is_condemned)
        return err_set(err, "this node was fenced in this boot; it has to be started anew");
    if (arming->watchdog.ms < WATCHDOG_MS_MIN || arming->watchdog.ms > WATCHDOG_MS_MAX)
        return err_set(err, "a watchdog of %lld ms is not between 1 s and 10 min",
                       (long long)arming->watchdog.ms);
    if (arming->lease.ms <= 0 || arming->lease.ms > WATCHDOG_MS_MAX)
        return err_set(err, "a lease of %lld ms is not between 1 ms and 10 min",
                       (long long)arming->lease.ms);
    if (!instant_before(now, arming->until))
        return err_set(err, "the lease ran out before the watchdog was armed");
    return check_until(arming->until, now, err);
}

void keeper_armed(struct keeper *keeper, const struct keeper_arming *arming, struct instant now)
{
    keeper->watchdog = arming->watchdog;
    keeper->lease = arming->lease;
    keeper->until = arming->until;
    keeper->has_new_until = true;
    if (keeper->stage == KEEPER_ARMED)
        return;
    keeper->alive = now;
    keeper->turned = now;
    keeper->stage = KEEPER_ARMED;
}

void keeper_disarmed(struct keeper *keeper, bool counts_on)
{
    keeper->stage = counts_on ? KEEPER_HELD : KEEPER_IDLE;
}

void keeper_agent_came(struct keeper *keeper, struct instant now)
{
    keeper->has_agent = true;
    keeper->alive = now;
}

void keeper_agent_went(struct keeper *keeper)
{
    keeper->has_agent = false;
}

void keeper_alive(struct keeper *keeper, struct instant now)
{
    keeper->alive = now;
}

bool keeper_feed_until(struct keeper *keeper, struct instant until, struct instant now,
                       struct err *err)
{
    if (keeper->stage != KEEPER_ARMED)
        return err_set(err, "nothing is armed");
    if (!check_until(until, now, err))
        return false;
    keeper->has_new_until = keeper->has_new_until || until.ms != keeper->until.ms;
    keeper->until = until;
    return true;
}

void keeper_condemn(struct keeper *keeper)
{
    keeper->is_condemned = true;
}

/* As often as the agent beats: so close is the last feed to the last allowed moment. */
static struct duration feed_period(const struct keeper *keeper)
{
    return duration_ms(keeper->watchdog.ms / 10);
}

static bool was_away(const struct keeper *keeper, struct instant now)
{
    return keeper->stage == KEEPER_ARMED &&
           instant_since(now, keeper->turned).ms > keeper->lease.ms + keeper->watchdog.ms;
}

/* A hung agent with nothing to guard still holds its place in the group: it has to go too. */
static struct duration patience(const struct keeper *keeper)
{
    return keeper->stage == KEEPER_ARMED ? keeper->lease : duration_ms(IDLE_HANG_MS);
}

static bool is_agent_hung(const struct keeper *keeper, struct instant now)
{
    return keeper->has_agent && instant_since(now, keeper->alive).ms > patience(keeper).ms;
}

bool keeper_may_feed(const struct keeper *keeper, struct instant now)
{
    if (keeper->is_condemned)
        return false;
    if (keeper->stage == KEEPER_HELD)
        return true;
    return keeper->stage == KEEPER_ARMED &&
           instant_before(instant_after(now, duration_ms(FEED_MARGIN_MS)), keeper->until);
}

static bool is_feed_due(const struct keeper *keeper, struct instant now)
{
    return keeper->has_new_until ||
           instant_reached(now, instant_after(keeper->fed, feed_period(keeper)));
}

static struct keeper_orders carry_out_sentence(struct keeper *keeper, struct instant now)
{
    struct keeper_orders orders = {.wake = INSTANT_NEVER};

    /* Without a device there is nothing that could reset us, and nothing that we protect. */
    if (keeper->stage == KEEPER_IDLE)
        return orders;
    orders.reset = instant_reached(now, keeper->reset_due);
    if (orders.reset)
        keeper->reset_due = instant_after(now, duration_ms(RESET_AGAIN_MS));
    orders.wake = keeper->reset_due;
    return orders;
}

struct keeper_orders keeper_turn(struct keeper *keeper, struct instant now)
{
    struct keeper_orders orders = {.wake = INSTANT_NEVER};
    bool is_away = was_away(keeper, now);

    keeper->turned = now;
    if (is_away)
        keeper_condemn(keeper);
    if (keeper->is_condemned) {
        orders = carry_out_sentence(keeper, now);
        orders.why = is_away ? "the keeper was stopped for longer than lease and watchdog" : NULL;
        return orders;
    }
    orders.kill_agent = is_agent_hung(keeper, now);
    if (keeper->has_agent)
        orders.wake = instant_after(keeper->alive, duration_ms(patience(keeper).ms + 1));
    if (keeper->stage != KEEPER_ARMED && keeper->stage != KEEPER_HELD)
        return orders;

    orders.feed = is_feed_due(keeper, now) && keeper_may_feed(keeper, now);
    /* Also without anything to feed: a longer gap between turns has to mean that we were away. */
    orders.wake = instant_earliest(orders.wake, instant_after(now, feed_period(keeper)));
    return orders;
}

bool keeper_fed(struct keeper *keeper, struct instant after)
{
    keeper->fed = after;
    keeper->has_new_until = false;
    if (keeper->stage != KEEPER_ARMED || !instant_before(keeper->until, after))
        return true;
    keeper_condemn(keeper);
    return false;
}
