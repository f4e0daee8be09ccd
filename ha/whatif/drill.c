/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Playing a drill: the world runs up to the time of each step; expectations that may take a
 * while stay open and are looked at after every event until they come true or their time is
 * over. What the world tells on the way goes to the listener.
 */
#include "ha/whatif/drill.h"

#include <stdio.h>
#include <string.h>

#include "ha/base/text.h"

/* Lines of "within" whose times overlap; nobody follows more of them. */
#define OPEN_MAX 64
/* What a world takes before anything happens in it. */
#define EVENTS_OF_A_BEGIN 8
/* Past every limit that is set by time. */
#define CALM_MAX_MS (30 * 60000)

struct rehearsal {
    const struct drill *drill;
    struct world *world;
    const struct drill_listener *listener;
    const struct drill_step *open[OPEN_MAX];
    int n_open;
    int n_moves;                    /* since the last thing that was done */
    struct instant done_at;         /* when that was */
    const struct drill_step *taken; /* the step before */
    bool is_well;
};

static struct instant instant_of(struct duration at)
{
    return instant_after((struct instant){WORLD_BEGIN_MS}, at);
}

static void tell(struct rehearsal *r, struct drill_event event)
{
    event.world = r->world;
    event.at = instant_since(r->world->now, (struct instant){WORLD_BEGIN_MS});
    if (event.kind == DRILL_MISSED || event.kind == DRILL_IMPOSSIBLE ||
        event.kind == DRILL_BROKEN || event.kind == DRILL_UNFINISHED)
        r->is_well = false;
    r->listener->event(r->listener->context, &event);
}

/* ---- what the world tells ------------------------------------------------------------------ */

static void hear_job(void *context, node_id node, const struct job *job, int exit_code)
{
    struct rehearsal *r = context;

    if (job->kind == JOB_MONITOR && (exit_code == 0 || exit_code == 7))
        return;
    tell(r, (struct drill_event){
                .kind = DRILL_ACTION,
                .node = node,
                .job = job,
                .exit_code = exit_code,
                .record = &r->world->nodes[node].seen.services[job->service],
            });
}

static void hear_change(void *context, const struct change *change)
{
    struct rehearsal *r = context;
    bool is_service = change->service != SERVICE_NONE;

    r->n_moves +=
        is_service && (change->to == SERVICE_MIGRATE || change->to == SERVICE_RELOCATE ||
                       (change->from == SERVICE_RECOVERY && change->to == SERVICE_STARTED));
    tell(r, (struct drill_event){.kind = DRILL_DECISION, .change = change});
}

static void hear_answer(void *context, const struct answer *answer)
{
    tell(context, (struct drill_event){.kind = DRILL_ANSWER, .answer = answer});
}

static void hear_machine(void *context, node_id node, const char *words)
{
    tell(context, (struct drill_event){.kind = DRILL_MACHINE, .node = node, .words = words});
}

/* ---- what is expected ---------------------------------------------------------------------- */

static void name_nodes(const struct world *world, node_set nodes, struct text *text)
{
    const char *glue = "";

    NODE_SET_EACH(node, nodes)
    {
        text_add(text, "%s%s", glue, world->policy->nodes[node].name);
        glue = ", ";
    }
}

/* Its record says so, and so does the truth. */
static bool meets_service(const struct world *world, const struct drill_step *step,
                          struct text *found)
{
    service_id id = policy_find_service(world->policy, step->service);
    const struct service *service = id == SERVICE_NONE ? NULL : &world->agreed.services[id];
    enum service_state state = (enum service_state)step->number;
    node_set running = service ? world_running(world, id) : 0;
    bool is_so;

    if (!service) {
        text_add(found, "it is no longer in the policy");
        return false;
    }
    text_add(found, "it is %s", service_state_name(service->state));
    if (service->node != NODE_NONE)
        text_add(found, " on %s", world->policy->nodes[service->node].name);
    text_add(found, running ? " and runs on " : " and runs nowhere");
    name_nodes(world, running, found);
    is_so = service->state == state && (!step->nodes || node_in(step->nodes, service->node));
    if (state == SERVICE_STARTED)
        return is_so && service->is_running && running == node_bit(service->node);
    return is_so && (state != SERVICE_STOPPED || !running);
}

static bool meets_nodes(const struct world *world, const struct drill_step *step,
                        struct text *found)
{
    bool is_so = true;

    NODE_SET_EACH(node, step->nodes)
    {
        enum node_state state = world->agreed.nodes[node].state;

        if ((int)state == step->number)
            continue;
        text_add(found, "%s%s is %s", is_so ? "" : ", ", world->policy->nodes[node].name,
                 node_state_name(state));
        is_so = false;
    }
    return is_so;
}

static bool meets(const struct rehearsal *r, const struct drill_step *step, struct text *found)
{
    const struct world *world = r->world;
    node_id master = world->ring ? world->agreed.manager : NODE_NONE;

    switch (step->verb) {
    case DRILL_EXPECT_SERVICE: return meets_service(world, step, found);
    case DRILL_EXPECT_NODE: return meets_nodes(world, step, found);
    case DRILL_EXPECT_QUORUM:
        text_add(found, world->ring ? "there is quorum" : "there is no quorum");
        return (world->ring != 0) == (step->number != 0);
    case DRILL_EXPECT_MASTER:
        text_add(found, "it is %s",
                 master == NODE_NONE ? "nobody" : world->policy->nodes[master].name);
        return node_in(step->nodes, master);
    case DRILL_EXPECT_SETTLED: return world_is_settled(world, found);
    default:
        text_add(found, r->n_moves == 1 ? "there was %d move" : "there were %d moves", r->n_moves);
        return r->n_moves <= step->number;
    }
}

static struct instant deadline_of(const struct rehearsal *r, const struct drill_step *step)
{
    struct instant begin = r->drill->waits_for_calm ? r->done_at : instant_of(step->at);

    /* Who waited for calm already looks at once. */
    if (r->drill->waits_for_calm && !step->within.ms)
        return r->world->now;
    return instant_after(begin, step->within);
}

/* True: it is settled, one way or the other. */
static bool settle(struct rehearsal *r, const struct drill_step *step)
{
    char words[REASON_TEXT_MAX];
    struct text found;
    bool is_met;

    text_init(&found, words, sizeof(words));
    is_met = meets(r, step, &found);
    if (!is_met && instant_before(r->world->now, deadline_of(r, step)))
        return false;
    tell(r, (struct drill_event){
                .kind = is_met ? DRILL_MET : DRILL_MISSED, .step = step, .words = words});
    return true;
}

static void look_at_open(struct rehearsal *r)
{
    int n_open = 0;

    for (int i = 0; i < r->n_open; i++) {
        if (!settle(r, r->open[i]))
            r->open[n_open++] = r->open[i];
    }
    r->n_open = n_open;
}

/* ---- time ---------------------------------------------------------------------------------- */

static struct instant next_deadline(const struct rehearsal *r, struct instant end)
{
    for (int i = 0; i < r->n_open; i++)
        end = instant_earliest(end, deadline_of(r, r->open[i]));
    return instant_latest(end, r->world->now);
}

static bool is_over(const struct rehearsal *r)
{
    return r->world->broken[0] || (r->drill->effort_left && *r->drill->effort_left < 0);
}

static void spend(const struct rehearsal *r, int n_events)
{
    if (r->drill->effort_left)
        *r->drill->effort_left -= n_events * drill_effort(r->drill->policy);
}

static bool advance(struct rehearsal *r, struct instant end)
{
    spend(r, 1);
    return world_advance(r->world, end);
}

static void run_to(struct rehearsal *r, struct instant end)
{
    do {
        struct instant next = next_deadline(r, end);

        while (advance(r, next) && !is_over(r))
            look_at_open(r);
        look_at_open(r);
    } while (!is_over(r) && instant_before(r->world->now, end));
}

static void settle_open(struct rehearsal *r)
{
    while (r->n_open > 0 && !is_over(r))
        run_to(r, next_deadline(r, INSTANT_NEVER));
}

/* Until nothing is under way; what never ends is left alone in the end. */
static void become_calm(struct rehearsal *r)
{
    struct instant end = instant_after(r->world->now, duration_ms(CALM_MAX_MS));

    advance(r, r->world->now);
    while (!world_is_calm(r->world) && !is_over(r) && instant_before(r->world->now, end)) {
        advance(r, next_deadline(r, end));
        look_at_open(r);
    }
}

static void expect(struct rehearsal *r, const struct drill_step *step)
{
    if (settle(r, step))
        return;
    if (r->n_open == OPEN_MAX)
        tell(r, (struct drill_event){.kind = DRILL_IMPOSSIBLE, .step = step});
    else
        r->open[r->n_open++] = step;
}

/* ---- what is done -------------------------------------------------------------------------- */

static void do_to_node(struct world *world, const struct drill_step *step, node_id node)
{
    switch (step->verb) {
    case DRILL_POWER_ON: world_boot(world, node); break;
    case DRILL_POWER_OFF: world_power_off(world, node, INSTANT_NEVER); break;
    case DRILL_CRASH: world_kill_agent(world, node, INSTANT_NEVER); break;
    case DRILL_RESTART: world_restart_agent(world, node); break;
    case DRILL_REBOOT: world_leave(world, node, LEAVING_REBOOT); break;
    case DRILL_SHUTDOWN: world_leave(world, node, LEAVING_POWEROFF); break;
    case DRILL_STALL:
    case DRILL_WAKE: world_stall(world, node, step->verb == DRILL_STALL); break;
    case DRILL_UPGRADE: world_leave(world, node, LEAVING_RESTART); break;
    case DRILL_STORE_FAIL: world_set_store(world, node, false); break;
    case DRILL_STORE_WORK: world_set_store(world, node, true); break;
    case DRILL_MAINTENANCE_ON:
        world_command_for(world, COMMAND_MAINTENANCE_ON, node, step->lasts);
        break;
    default: world_command(world, COMMAND_MAINTENANCE_OFF, SERVICE_NONE, node); break;
    }
}

static void fail(struct world *world, const struct drill_step *step, service_id service)
{
    bool fails_anew = strcmp(world->policy->services[service].type, "fa") == 0;

    world_fail(world, step->fault, service,
               (struct world_failing){
                   .on = step->nodes,
                   .left = step->number,
                   .times = fails_anew ? step->number : 0,
                   .exit_code = step->exit_code,
               });
}

static bool do_to_service(struct world *world, const struct drill_step *step)
{
    service_id service = policy_find_service(world->policy, step->service);
    node_id node = node_set_first(step->nodes);

    if (service == SERVICE_NONE)
        return false;
    switch (step->verb) {
    case DRILL_FAIL: fail(world, step, service); break;
    case DRILL_SLOW:
        world->slow[service] = (struct world_slow){step->nodes, duration_ms(step->number)};
        break;
    case DRILL_HOLD: world_command(world, COMMAND_STOP, service, NODE_NONE); break;
    case DRILL_KILL: world_kill_service(world, service); break;
    case DRILL_USAGE: world_measure(world, service, step->number, step->memory); break;
    case DRILL_PLACE: world_place(world, service, node); break;
    case DRILL_MOVED: return world_carry(world, service, node);
    case DRILL_MIGRATE: world_command(world, COMMAND_MIGRATE, service, node); break;
    case DRILL_RELOCATE: world_command(world, COMMAND_RELOCATE, service, node); break;
    default: world_command(world, COMMAND_CLEAR, service, NODE_NONE); break;
    }
    return true;
}

/* False: this version cannot. */
static bool act(struct world *world, const struct drill_step *step)
{
    switch (step->verb) {
    case DRILL_DISARM_FREEZE:
        world_command_for(world, COMMAND_DISARM_FREEZE, NODE_NONE, step->lasts);
        return true;
    case DRILL_DISARM_IGNORE:
        world_command_for(world, COMMAND_DISARM_IGNORE, NODE_NONE, step->lasts);
        return true;
    case DRILL_ARM: world_command(world, COMMAND_ARM, SERVICE_NONE, NODE_NONE); return true;
    case DRILL_UNKIND: world_make_unkind(world, (uint64_t)step->number); return true;
    case DRILL_HEAL: world_heal(world); return true;
    case DRILL_CUT:
    case DRILL_MEND: world_cut(world, step->nodes, step->verb == DRILL_CUT); return true;
    case DRILL_CHANGE_POLICY: world_set_policy(world, step->policy); return true;
    case DRILL_PARTITION:
        for (int side = 0; side < step->n_sides; side++)
            world_part(world, step->sides[side], side + 1);
        return true;
    default: break;
    }
    if (step->service)
        return do_to_service(world, step);
    NODE_SET_EACH(node, step->nodes)
    {
        do_to_node(world, step, node);
    }
    return true;
}

static void take(struct rehearsal *r, const struct drill_step *step)
{
    /* Who looks sees what was done at this moment take effect. */
    if (step->verb >= DRILL_SNAPSHOT)
        world_advance(r->world, r->world->now);
    if (step->verb == DRILL_SNAPSHOT) {
        tell(r, (struct drill_event){.kind = DRILL_SHOWN, .step = step});
    } else if (step->verb >= DRILL_EXPECT_SERVICE) {
        expect(r, step);
    } else {
        bool is_done = act(r->world, step);

        r->n_moves = 0;
        r->done_at = r->world->now;
        tell(r,
             (struct drill_event){.kind = is_done ? DRILL_DONE : DRILL_IMPOSSIBLE, .step = step});
    }
}

/* The time of the next step has come: as it says, or once all is calm. */
static void wait_for(struct rehearsal *r, const struct drill_step *step)
{
    bool is_same_statement = r->taken && r->taken->offset == step->offset;
    bool is_open = step->verb >= DRILL_EXPECT_SERVICE && step->within.ms > 0;

    if (!r->drill->waits_for_calm) {
        if (instant_before(r->world->now, instant_of(step->at)))
            run_to(r, instant_of(step->at));
        return;
    }
    if (is_same_statement || (is_open && r->taken))
        return;
    if (step->verb < DRILL_SNAPSHOT)
        settle_open(r);
    become_calm(r);
    if (!r->taken)
        r->done_at = r->world->now;
}

static void begin(struct rehearsal *r)
{
    const struct drill *drill = r->drill;

    world_init(r->world, drill->policy, &world_exact, 0);
    r->world->listener = (struct world_listener){
        .context = r,
        .job = hear_job,
        .change = hear_change,
        .answer = hear_answer,
        .machine = hear_machine,
    };
    for (node_id node = 0; drill->waits_for_calm && node < drill->policy->n_nodes; node++)
        world_power_on(r->world, node);
}

int64_t drill_effort(const struct policy *policy)
{
    return (int64_t)(policy->n_nodes + 1) * (policy->n_services + 8);
}

bool drill_run(const struct drill *drill, struct world *world,
               const struct drill_listener *listener)
{
    struct rehearsal r = {.drill = drill, .world = world, .listener = listener, .is_well = true};

    world->broken[0] = '\0';
    spend(&r, EVENTS_OF_A_BEGIN);
    if (!is_over(&r))
        begin(&r);
    for (int i = 0; i < drill->n_steps && !is_over(&r); i++) {
        wait_for(&r, &drill->steps[i]);
        spend(&r, 1);
        if (!is_over(&r))
            take(&r, &drill->steps[i]);
        r.taken = &drill->steps[i];
    }
    settle_open(&r);
    if (world->broken[0])
        tell(&r, (struct drill_event){.kind = DRILL_BROKEN, .words = world->broken});
    else if (is_over(&r))
        tell(&r, (struct drill_event){.kind = DRILL_UNFINISHED});
    return r.is_well;
}
