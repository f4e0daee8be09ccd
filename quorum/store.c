/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The store's two sides: the loop's, which queues text and never waits for a
 * disk, and the writer's, a thread that puts whatever is queued into one
 * transaction. They share the queue, under the lock; each has its connection.
 */
#include "quorum/store.h"

#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "ha/base/arena.h"
#include "ha/base/json.h"
#include "quorum/store_branches.h"
#include "quorum/store_requests.h"
#include "quorum/store_tables.h"

/* How long what nobody waits for may wait for something else to be written with. */
#define LAZY_MS 200

enum job_kind { JOB_PATCH, JOB_RECORDS, JOB_HISTORY, JOB_POLICY, JOB_BRANCH, JOB_REQUESTS };

struct job {
    struct job *next;
    enum job_kind kind;
    char *text;    /* of what the loop may go on to change */
    json_t *patch; /* or one that nobody changes any more: a reference of the writer's own */
    struct ledger_head head;
};

struct store {
    sqlite3 *reading, *writing;
    pthread_t writer;
    int fd;

    pthread_mutex_t lock;
    pthread_cond_t wake;
    struct job *first, **last;
    bool is_urgent; /* one of them is not lazy */
    bool is_busy;   /* the writer has taken some */
    bool is_closing;
    uint64_t n_written;
    bool has_failed;
    struct err failure;
};

/* ---- the writer ------------------------------------------------------------------------------ */

static bool take_history(sqlite3 *db, const json_t *patches, struct err *err)
{
    json_t *patch;
    size_t at;

    json_array_foreach(patches, at, patch)
    {
        /* What is damaged there may be whole here. */
        if (json_int(patch, "version", 0) > 0 && !json_flag(patch, "damaged", false) &&
            !tables_keep(db, patch, err))
            return false;
    }
    return true;
}

static bool do_job(sqlite3 *db, const struct job *job, struct err *err)
{
    autojson *value =
        job->patch ? json_incref(job->patch) : json_read(job->text, strlen(job->text), err);

    if (!value)
        return false;
    switch (job->kind) {
    case JOB_PATCH: return tables_patch(db, value, err) && tables_set_head(db, &job->head, err);
    case JOB_RECORDS:
        return tables_replace(db, value, err) && tables_forget_after(db, job->head.version, err) &&
               tables_set_head(db, &job->head, err);
    case JOB_HISTORY: return take_history(db, value, err);
    case JOB_POLICY: return tables_keep_older_policy(db, value, err);
    case JOB_BRANCH: return branches_keep(db, value, err);
    case JOB_REQUESTS: return requests_keep(db, value, err);
    }
    return false;
}

/* All or nothing, and how many writes of the member it was. */
static bool do_jobs(sqlite3 *db, const struct job *jobs, uint64_t *n_done, struct err *err)
{
    if (!tables_begin(db, err))
        return false;
    for (; jobs; jobs = jobs->next) {
        if (!do_job(db, jobs, err)) {
            tables_rollback(db);
            return false;
        }
        *n_done += jobs->kind == JOB_PATCH || jobs->kind == JOB_RECORDS;
    }
    if (tables_commit(db, err))
        return true;
    tables_rollback(db);
    return false;
}

static void free_jobs(struct job *jobs)
{
    while (jobs) {
        struct job *next = jobs->next;

        free(jobs->text);
        json_decref(jobs->patch);
        free(jobs);
        jobs = next;
    }
}

/* A patch that comes soon takes it along: its own sync would only hold the patch up. */
static void wait_for_company(struct store *store)
{
    struct timespec until;

    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_nsec += LAZY_MS * 1000000L;
    until.tv_sec += until.tv_nsec / 1000000000;
    until.tv_nsec %= 1000000000;
    while (!store->is_urgent && !store->is_closing &&
           pthread_cond_timedwait(&store->wake, &store->lock, &until) == 0)
        continue;
}

static struct job *wait_for_jobs(struct store *store)
{
    struct job *jobs;

    pthread_mutex_lock(&store->lock);
    while (!store->first && !store->is_closing)
        pthread_cond_wait(&store->wake, &store->lock);
    wait_for_company(store);
    jobs = store->first;
    store->first = NULL;
    store->last = &store->first;
    store->is_urgent = false;
    store->is_busy = jobs != NULL;
    pthread_mutex_unlock(&store->lock);
    return jobs;
}

static void tell(struct store *store, uint64_t n_done, const struct err *failure)
{
    uint64_t one = 1;
    ssize_t told;

    pthread_mutex_lock(&store->lock);
    store->n_written += n_done;
    store->is_busy = false;
    if (failure) {
        store->has_failed = true;
        store->failure = *failure;
    }
    pthread_mutex_unlock(&store->lock);
    do
        told = write(store->fd, &one, sizeof(one));
    while (told < 0 && errno == EINTR);
}

static void *run_writer(void *argument)
{
    struct store *store = argument;
    struct job *jobs;

    while ((jobs = wait_for_jobs(store)) != NULL) {
        struct err err = {{0}};
        uint64_t n_done = 0;
        bool is_good = do_jobs(store->writing, jobs, &n_done, &err);

        free_jobs(jobs);
        tell(store, is_good ? n_done : 0, is_good ? NULL : &err);
        /* What is on disk is not known now: nothing is written any more, and the agent ends. */
        if (!is_good)
            break;
    }
    return NULL;
}

/* Signals belong to the loop. */
static bool start_writer(struct store *store, struct err *err)
{
    sigset_t all, before;
    int error;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    error = pthread_create(&store->writer, NULL, run_writer, store);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    errno = error;
    return error == 0 || err_set(err, "cannot start the store's thread: %m");
}

/* ---- the loop's side ------------------------------------------------------------------------- */

static void free_store(struct store *store)
{
    free_jobs(store->first);
    tables_close(store->reading);
    tables_close(store->writing);
    if (store->fd >= 0)
        close(store->fd);
    pthread_cond_destroy(&store->wake);
    pthread_mutex_destroy(&store->lock);
    free(store);
}

struct store *store_open(const char *path, struct err *err)
{
    struct store *store = xcalloc(1, sizeof(*store));
    pthread_condattr_t clock;

    pthread_mutex_init(&store->lock, NULL);
    pthread_condattr_init(&clock);
    pthread_condattr_setclock(&clock, CLOCK_MONOTONIC);
    pthread_cond_init(&store->wake, &clock);
    pthread_condattr_destroy(&clock);
    store->last = &store->first;
    store->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (store->fd < 0)
        err_set(err, "cannot make an eventfd: %m");
    else if ((store->writing = tables_open(path, err)) != NULL &&
             (store->reading = tables_open(path, err)) != NULL && start_writer(store, err))
        return store;
    free_store(store);
    return NULL;
}

void store_close(struct store *store)
{
    if (!store)
        return;
    pthread_mutex_lock(&store->lock);
    store->is_closing = true;
    pthread_cond_signal(&store->wake);
    pthread_mutex_unlock(&store->lock);
    pthread_join(store->writer, NULL);
    free_store(store);
}

static void queue(struct store *store, enum job_kind kind, const json_t *value,
                  const struct ledger_head *head)
{
    struct job *job = xcalloc(1, sizeof(*job));

    job->kind = kind;
    /* References are counted atomically (jansson); both sides only read what has one here. */
    if (kind == JOB_PATCH)
        job->patch = json_incref((json_t *)value);
    else
        job->text = json_write(value);
    if (head)
        job->head = *head;
    pthread_mutex_lock(&store->lock);
    *store->last = job;
    store->last = &job->next;
    store->is_urgent = store->is_urgent || kind != JOB_REQUESTS;
    pthread_cond_signal(&store->wake);
    pthread_mutex_unlock(&store->lock);
}

bool store_read(struct store *store, json_t **records, struct ledger_head *head, struct err *err)
{
    return tables_read(store->reading, records, head, err);
}

void store_write(struct store *store, const json_t *patch, const json_t *records,
                 const struct ledger_head *head)
{
    assert(patch || records);
    queue(store, patch ? JOB_PATCH : JOB_RECORDS, patch ? patch : records, head);
}

int store_fd(const struct store *store)
{
    return store->fd;
}

uint64_t store_written(struct store *store)
{
    uint64_t n_written, news;

    if (read(store->fd, &news, sizeof(news)) < 0)
        news = 0; /* nothing new; the count is right all the same */
    pthread_mutex_lock(&store->lock);
    n_written = store->n_written;
    pthread_mutex_unlock(&store->lock);
    return n_written;
}

bool store_failed(struct store *store, struct err *err)
{
    bool has_failed;

    pthread_mutex_lock(&store->lock);
    has_failed = store->has_failed;
    if (has_failed)
        err_set(err, "%s", store->failure.text);
    pthread_mutex_unlock(&store->lock);
    return has_failed;
}

json_t *store_history(struct store *store, uint64_t after, const char *subject, int limit,
                      struct err *err)
{
    return tables_history(store->reading, after, subject, limit, err);
}

json_t *store_policy(struct store *store, uint64_t version, struct err *err)
{
    return tables_policy(store->reading, version, err);
}

void store_keep_branch(struct store *store, const json_t *patches, int64_t stamp)
{
    autojson *branch =
        json_pack("{s:I, s:O}", "stamp", (json_int_t)stamp, "patches", (json_t *)patches);

    queue(store, JOB_BRANCH, branch, NULL);
}

json_t *store_branches(struct store *store, struct err *err)
{
    return branches_read(store->reading, err);
}

bool store_take_history(struct store *store, const json_t *patches, struct err *err)
{
    if (!json_is_array(patches))
        return err_set(err, "the history of another member is no list");
    queue(store, JOB_HISTORY, patches, NULL);
    return true;
}

void store_take_policy(struct store *store, const json_t *policy)
{
    queue(store, JOB_POLICY, policy, NULL);
}

void store_take_requests(struct store *store, const json_t *rows)
{
    queue(store, JOB_REQUESTS, rows, NULL);
}

void store_settle(struct store *store)
{
    bool is_settled;

    do {
        pthread_mutex_lock(&store->lock);
        is_settled = store->has_failed || (!store->first && !store->is_busy);
        store->is_urgent = !is_settled;
        pthread_cond_signal(&store->wake);
        pthread_mutex_unlock(&store->lock);
        if (!is_settled)
            usleep(1000);
    } while (!is_settled);
}
