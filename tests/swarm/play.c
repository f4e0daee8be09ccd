/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Playing a plan as a drill. An assertion that fails, or a history that does not end, is a broken
 * promise like any other: the signal brings us back, and the world begins anew anyway.
 */
#include "tests/swarm/play.h"

#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>

#include "ha/base/text.h"

/* Of the processor's time: no history takes a tenth of one, however busy the machine is. */
#define HISTORY_SECONDS 20

static sigjmp_buf back;
static struct world *world;

struct player {
    struct play *play;
    struct plan *plan;
    const int *from;
    const struct drill *drill;
};

static void come_back(int signal_number)
{
    siglongjmp(back, signal_number);
}

void play_begin(void)
{
    struct sigaction action = {.sa_handler = come_back};

    sigaction(SIGABRT, &action, NULL);
    sigaction(SIGVTALRM, &action, NULL);
    world = xcalloc(1, world_size(PLAN_NODES_MAX));
}

/* FNV-1a: any difference shows. */
static void add_to_hash(struct play *play, int64_t number)
{
    for (int i = 0; i < 8; i++)
        play->hash = (play->hash ^ (uint64_t)(number >> 8 * i & 0xff)) * 0x100000001b3u;
}

static void fail(struct play *play, const char *promise, const char *words)
{
    play->is_bad = true;
    text_copy(play->promise, sizeof(play->promise), promise);
    text_copy(play->words, sizeof(play->words), words);
}

/* What is amiss, without the name of what it is amiss with. */
static void miss(struct play *play, const char *words)
{
    size_t length = strcspn(words, ":");
    char promise[PROMISE_MAX];

    snprintf(promise, sizeof(promise), "%.*s", (int)length, words);
    fail(play, promise, words);
}

static void hear_change(struct play *play, const struct change *change)
{
    play->n_changes++;
    add_to_hash(play, change->service);
    add_to_hash(play, change->node);
    add_to_hash(play, change->from * 64 + change->to);
    add_to_hash(play, change->why.code);
}

static void hear(void *context, const struct drill_event *event)
{
    struct player *player = context;
    struct play *play = player->play;

    play->n_events++;
    add_to_hash(play, event->at.ms * 16 + (int)event->kind);
    switch (event->kind) {
    case DRILL_DECISION: hear_change(play, event->change); break;
    case DRILL_ACTION:
        add_to_hash(play, event->node);
        add_to_hash(play, event->job->service * 8 + (int)event->job->kind);
        break;
    case DRILL_ANSWER: play->n_answers++; break;
    case DRILL_MISSED: miss(play, event->words); break;
    case DRILL_BROKEN: fail(play, event->world->promise, event->words); break;
    case DRILL_IMPOSSIBLE:
        player->plan->events[player->from[event->step - player->drill->steps]].is_impossible = true;
        break;
    default: break;
    }
}

static void set_alarm(int seconds)
{
    struct itimerval timer = {.it_value.tv_sec = seconds};

    setitimer(ITIMER_VIRTUAL, &timer, NULL);
}

void play_plan(struct plan *plan, struct play *play)
{
    struct arena *arena = arena_new();
    struct player player = {.play = play, .plan = plan};
    struct drill_listener listener = {.context = &player, .event = hear};
    int *from, signal_number;

    *play = (struct play){.hash = 0xcbf29ce484222325u};
    player.drill = plan_build(plan, arena, &from);
    player.from = from;
    signal_number = sigsetjmp(back, 1);
    if (!signal_number) {
        set_alarm(HISTORY_SECONDS);
        drill_run(player.drill, world, &listener);
    } else {
        fail(play, signal_number == SIGVTALRM ? "does not come to an end" : "an assertion failed",
             signal_number == SIGVTALRM ? "does not come to an end" : "an assertion failed");
    }
    set_alarm(0);
    play->n_fences = world->n_fences;
    arena_free(arena);
}
