/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Jobs and records of the services of this node; see hands.h. For each service that has either
 * there is a struct held, in a table sorted by name; its tasks run one after the other.
 */
#include "agentd/hands.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "agentd/hands_record.h"
#include "agentd/hands_words.h"
#include "agentd/worker.h"
#include "ha/base/log.h"
#include "ha/base/text.h"

struct held;

struct task {
    struct task *next;
    struct held *held;
    struct arena *arena;
    struct resource resource;
    const struct resource_kind *kind;
    struct job_end end;
    struct worker *worker;       /* NULL: waits, or could not begin */
    sd_event_source *told_later; /* it could not begin, and its end is still to be told */
    bool is_begun;
    bool is_orphan_stop;
    bool has_made_record;
};

struct held {
    struct hands *hands;
    char name[SERVICE_NAME_MAX];
    bool has_record; /* it may be running here */
    struct record record;
    struct task *tasks; /* the first one is under way */
    bool is_orphan;
    bool is_given_up;       /* an orphan that nobody knows how to stop; said once */
    sd_event_source *retry; /* an orphan's next try */
};

struct hands {
    sd_event *loop;
    const struct settings *settings;
    char node[NODE_NAME_MAX];
    hands_ended *ended;
    void *context;
    bool may_act;
    struct held **held;
    int n_held;
    int held_max;
};

/* Where the name is in the table, or where it belongs. */
static int position(const struct hands *hands, const char *name)
{
    int low = 0, high = hands->n_held;

    while (low < high) {
        int middle = low + (high - low) / 2;

        if (strcmp(hands->held[middle]->name, name) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static struct held *find_held(const struct hands *hands, const char *name)
{
    int at = position(hands, name);

    if (at == hands->n_held || strcmp(hands->held[at]->name, name) != 0)
        return NULL;
    return hands->held[at];
}

static struct held *need_held(struct hands *hands, const char *name)
{
    struct held *held = find_held(hands, name);
    int at = position(hands, name);

    if (held)
        return held;
    if (hands->n_held == hands->held_max) {
        hands->held_max = hands->held_max ? 2 * hands->held_max : 64;
        hands->held = xrealloc(hands->held, (size_t)hands->held_max * sizeof(hands->held[0]));
    }
    memmove(&hands->held[at + 1], &hands->held[at],
            (size_t)(hands->n_held - at) * sizeof(hands->held[0]));
    hands->n_held++;
    held = xcalloc(1, sizeof(*held));
    held->hands = hands;
    text_copy(held->name, sizeof(held->name), name);
    text_copy(held->record.name, sizeof(held->record.name), name);
    hands->held[at] = held;
    return held;
}

static void free_task(struct task *task)
{
    if (task->worker)
        worker_cancel(task->worker);
    sd_event_source_disable_unref(task->told_later);
    arena_free(task->arena);
    free(task);
}

static void free_held(struct held *held)
{
    for (struct task *task = held->tasks, *next; task; task = next) {
        next = task->next;
        free_task(task);
    }
    sd_event_source_disable_unref(held->retry);
    record_fini(&held->record);
    free(held);
}

static void drop_held(struct held *held)
{
    struct hands *hands = held->hands;
    int at = position(hands, held->name);

    hands->n_held--;
    memmove(&hands->held[at], &hands->held[at + 1],
            (size_t)(hands->n_held - at) * sizeof(hands->held[0]));
    free_held(held);
}

static bool save_record(struct held *held, struct err *err)
{
    return record_save(held->hands->settings->run, &held->record, err);
}

static void forget_record(struct held *held)
{
    struct err err;

    if (!record_delete(held->hands->settings->run, held->name, &err))
        log_error("%s does not run here any more, but %s", held->name, err.text);
    record_fini(&held->record);
    text_copy(held->record.name, sizeof(held->record.name), held->name);
    held->has_record = false;
    held->is_orphan = false;
    held->is_given_up = false;
}

/* ---- a job begins ---- */

static int on_told_later(sd_event_source *source, void *userdata);

/* It did not begin. Whoever asked is told from the loop, not from within his own call. */
static void end_later(struct task *task, int exit_code, const char *words)
{
    int result =
        sd_event_add_defer(task->held->hands->loop, &task->told_later, on_told_later, task);

    assert(result >= 0);
    task->end.exit_code = exit_code;
    text_copy(task->end.words, sizeof(task->end.words), words);
    resource_clean_words(task->end.words);
}

/*
 * What can never have run here needs no program to be stopped, and is known not to run: a node
 * without the agent must not be fenced for failing to stop what it could not start.
 */
static bool is_nothing_here(const struct task *task)
{
    return !task->held->has_record && task->end.job.kind != JOB_START;
}

static int code_of_nothing(const struct task *task)
{
    return task->end.job.kind == JOB_STOP ? OCF_DONE : OCF_NOT_RUNNING;
}

/* Before anything is started: what is not on record could run here without anybody knowing. */
static bool note_start(struct task *task, struct err *err)
{
    struct held *held = task->held;
    struct record before = held->record;

    held->record = (struct record){.cause = task->end.job.cause};
    text_copy(held->record.name, sizeof(held->record.name), held->name);
    record_define(&held->record, &task->resource);
    if (!save_record(held, err)) {
        record_fini(&held->record);
        held->record = before;
        return err_in(err, "not started, for want of a record");
    }
    record_fini(&before);
    task->has_made_record = !held->has_record;
    held->has_record = true;
    held->is_given_up = false;
    return true;
}

/* What it was started with stops and checks it. Without a record nobody expects it to run. */
static void choose_definition(struct task *task)
{
    const struct held *held = task->held;

    if (held->has_record && held->record.arena)
        task->resource = resource_copy(task->arena, &held->record.definition);
    else if (!held->has_record)
        task->resource.monitor_every = duration_ms(0);
}

static void note_job(struct task *task)
{
    struct held *held = task->held;
    struct err err;
    int pid = worker_pid(task->worker);

    if (!held->has_record)
        return;
    held->record.job = (struct record_job){task->end.job.kind, pid, process_started(pid)};
    /* One that has ended already has no time of its own, and needs no killing. */
    if (held->record.job.started == 0)
        held->record.job.pid = 0;
    if (!save_record(held, &err))
        log_warning("%s: %s", held->name, err.text);
}

static void on_worker_done(void *context, const struct worker_end *worker_end);

static void begin_task(struct task *task)
{
    const struct hands *hands = task->held->hands;
    struct resource_command command;
    struct err err = {""};

    task->is_begun = true;
    if (task->end.job.kind != JOB_START)
        choose_definition(task);
    task->kind = resource_kind_of(task->resource.type);
    if (!task->kind)
        err_set(&err, "this version of tenuto runs no services of type %s", task->resource.type);
    if (!task->kind || !task->kind->command(task->arena, hands->settings, &task->resource,
                                            task->end.job.kind, &command, &err)) {
        end_later(task, is_nothing_here(task) ? code_of_nothing(task) : OCF_NOT_CONFIGURED,
                  err.text);
        return;
    }
    if (task->end.job.kind == JOB_START && !note_start(task, &err)) {
        end_later(task, OCF_FAILED, err.text);
        return;
    }
    task->worker = worker_start(hands->loop, command.argv, command.environment,
                                task->end.job.timeout, on_worker_done, task, &err);
    if (task->worker) {
        note_job(task);
        return;
    }
    if (task->has_made_record)
        forget_record(task->held);
    end_later(task, OCF_FAILED, err.text);
}

static struct task *add_task(struct held *held, const struct resource *resource,
                             const struct job *job)
{
    struct task *task = xcalloc(1, sizeof(*task));
    struct task **last = &held->tasks;

    task->held = held;
    task->arena = arena_new();
    task->resource = resource_copy(task->arena, resource);
    task->end.job = *job;
    while (*last)
        last = &(*last)->next;
    *last = task;
    return task;
}

void hands_run(struct hands *hands, const struct service_policy *service, const struct job *job)
{
    struct held *held = need_held(hands, service->name);
    struct resource resource = resource_of_service(service, hands->node);
    struct task *task = add_task(held, &resource, job);

    if (task == held->tasks)
        begin_task(task);
}

/* ---- orphans ---- */

static void stop_orphan(struct held *held)
{
    struct job job = {.kind = JOB_STOP, .service = SERVICE_NONE, .cause = held->record.cause};
    struct task *task;

    if (!held->is_orphan || !held->hands->may_act || held->tasks || held->retry)
        return;
    if (!held->record.arena) {
        if (!held->is_given_up)
            log_error("%s may be running here, is in no policy, and nobody knows how to stop it: "
                      "see to it that it does not run, then remove its file in %s and restart "
                      "tenutod",
                      held->name, held->hands->settings->run);
        held->is_given_up = true;
        return;
    }
    log_info("%s is in the policy no more: stopping it as it was started", held->name);
    job.timeout = held->record.definition.stop_timeout;
    task = add_task(held, &held->record.definition, &job);
    task->is_orphan_stop = true;
    begin_task(task);
}

static int on_retry(sd_event_source *source, uint64_t now, void *userdata)
{
    struct held *held = userdata;

    (void)source, (void)now;
    held->retry = sd_event_source_disable_unref(held->retry);
    stop_orphan(held);
    return 0;
}

int hands_stop_orphans(struct hands *hands, const struct policy *policy, bool may_act)
{
    int n_orphans = 0;

    hands->may_act = may_act;
    for (int i = 0; i < hands->n_held; i++) {
        struct held *held = hands->held[i];

        held->is_orphan = held->has_record &&
                          (!policy || policy_find_service(policy, held->name) == SERVICE_NONE);
        n_orphans += held->is_orphan;
        stop_orphan(held);
    }
    return n_orphans;
}

/* ---- a job ends ---- */

/* What the end of this job says about whether the service may be running. */
static void settle_record(struct task *task, bool has_run)
{
    struct held *held = task->held;
    const struct job_end *end = &task->end;
    struct err err;

    if (!held->has_record)
        return;
    if ((end->job.kind == JOB_STOP && end->exit_code == OCF_DONE) ||
        (end->job.kind == JOB_MONITOR && end->exit_code == OCF_NOT_RUNNING) ||
        (end->job.kind == JOB_START && task->has_made_record && !has_run)) {
        forget_record(held);
        return;
    }
    if (held->record.job.pid == 0)
        return;
    held->record.job = (struct record_job){0};
    if (!save_record(held, &err))
        log_warning("%s: %s", held->name, err.text);
}

/* Tells the end, and goes on with what waited for it. */
static void end_task(struct task *task, bool has_run)
{
    struct held *held = task->held;
    struct hands *hands = held->hands;
    struct job_end end = task->end;
    /* Back in the policy meanwhile: lrm knows the service again, and finds out by itself. */
    bool is_told = !task->is_orphan_stop || held->is_orphan;

    assert(held->tasks == task);
    settle_record(task, has_run);
    held->tasks = task->next;
    if (task->is_orphan_stop && held->has_record)
        sd_event_add_time_relative(hands->loop, &held->retry, CLOCK_MONOTONIC,
                                   ORPHAN_RETRY_MS * 1000ull, 1000, on_retry, held);
    free_task(task);
    if (is_told)
        hands->ended(hands->context, held->name, &end);
    if (held->tasks && !held->tasks->is_begun)
        begin_task(held->tasks);
    stop_orphan(held);
    if (!held->tasks && !held->has_record)
        drop_held(held);
}

static void log_end(const struct task *task, const char *output)
{
    const struct job_end *end = &task->end;

    if (end->exit_code == OCF_DONE && end->words[0] == '\0') {
        if (end->job.kind != JOB_MONITOR)
            log_info("%s: %s done", task->held->name, job_kind_name(end->job.kind));
        return;
    }
    /* Where nobody expects it, "not running" is the good news. */
    if (!task->held->has_record && end->job.kind == JOB_MONITOR &&
        end->exit_code == OCF_NOT_RUNNING)
        return;
    log_warning("%s: %s", task->held->name, end->words);
    hands_log_output(&task->resource, end->job.kind, output);
}

static int on_told_later(sd_event_source *source, void *userdata)
{
    struct task *task = userdata;

    (void)source;
    log_end(task, "");
    end_task(task, false);
    return 0;
}

static void on_worker_done(void *context, const struct worker_end *worker_end)
{
    struct task *task = context;

    task->worker = NULL;
    hands_judge(&task->end, &task->resource, task->kind, worker_end);
    if (worker_end->exec_error && is_nothing_here(task))
        task->end.exit_code = code_of_nothing(task);
    log_end(task, worker_end->output);
    end_task(task, worker_end->exec_error == 0);
}

/* ---- all of it ---- */

static void take_record(void *context, const struct record *record)
{
    struct hands *hands = context;
    struct held *held = need_held(hands, record->name);
    struct err err;

    held->record = *record;
    held->has_record = true;
    if (record->job.pid == 0)
        return;
    record_job_kill(&record->job, record->name);
    held->record.job = (struct record_job){0};
    if (!save_record(held, &err))
        log_warning("%s: %s", held->name, err.text);
}

struct hands *hands_new(sd_event *loop, const struct settings *settings, const char *node,
                        hands_ended *ended, void *context, struct err *err)
{
    struct hands *hands = xcalloc(1, sizeof(*hands));

    hands->loop = loop;
    hands->settings = settings;
    hands->ended = ended;
    hands->context = context;
    text_copy(hands->node, sizeof(hands->node), node);
    if (record_directory_make(settings->run, err) &&
        record_load_all(settings->run, hands->node, take_record, hands, err))
        return hands;
    hands_free(hands);
    return NULL;
}

void hands_free(struct hands *hands)
{
    if (!hands)
        return;
    for (int i = 0; i < hands->n_held; i++)
        free_held(hands->held[i]);
    free(hands->held);
    free(hands);
}

void hands_each(struct hands *hands, void (*each)(void *context, const char *name, uint64_t cause),
                void *context)
{
    for (int i = 0; i < hands->n_held; i++) {
        if (hands->held[i]->has_record)
            each(context, hands->held[i]->name, hands->held[i]->record.cause);
    }
}

bool hands_has(const struct hands *hands, const char *name)
{
    const struct held *held = find_held(hands, name);

    return held && held->has_record;
}
