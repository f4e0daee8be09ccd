/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A queue of texts, a thread that checks them, a queue of answers; see checker.h. */
#include "agentd/checker.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "agentd/metadata/metadata.h"
#include "ha/base/arena.h"
#include "ha/base/limits.h"
#include "ha/base/text.h"

/* Of VERDICT_MS: one agent that says what it takes, and all; by who is slower nothing is judged. */
#define AGENT_MS 4000
#define AGENTS_MS 6000

struct task {
    struct task *next;
    uint64_t number;
    char node[NODE_NAME_MAX];
    char *file, *text;
    json_t *known;
    struct checked checked;
};

struct task_line {
    struct task *first, **last;
};

struct checker {
    struct metadata *metadata; /* the thread's alone */
    int fd;
    pthread_t thread;
    bool is_running;
    bool is_busy;
    pthread_mutex_t lock;
    pthread_cond_t wake;
    struct task_line tasks, answers;
    bool is_closing;
};

static void line_add(struct task_line *line, struct task *task)
{
    task->next = NULL;
    *line->last = task;
    line->last = &task->next;
}

static struct task *line_take(struct task_line *line)
{
    struct task *task = line->first;

    if (!task)
        return NULL;
    line->first = task->next;
    if (!line->first)
        line->last = &line->first;
    return task;
}

void checked_fini(struct checked *checked)
{
    json_decref(checked->error);
    arena_free(checked->arena);
    *checked = (struct checked){0};
}

static void task_free(struct task *task)
{
    checked_fini(&task->checked);
    json_decref(task->known);
    free(task->file);
    free(task->text);
    free(task);
}

static void check(struct checker *checker, struct task *task)
{
    struct checked *checked = &task->checked;
    struct examination examination = {.node = task->node, .known = task->known};

    checked->arena = arena_new();
    checked->text = arena_strdup(checked->arena, task->text);
    examination.text = checked->text;
    examination.file = arena_strdup(checked->arena, task->file);
    checked->error = examine_policy(checked->arena, &examination,
                                    metadata_catalog(checker->metadata), &checked->policy);
    if (!checked->error)
        return;
    arena_free(checked->arena);
    checked->arena = NULL;
    checked->policy = NULL;
    checked->text = NULL;
}

static void *run_checker(void *argument)
{
    struct checker *checker = argument;

    pthread_mutex_lock(&checker->lock);
    while (!checker->is_closing) {
        struct task *task = line_take(&checker->tasks);
        uint64_t one = 1;

        checker->is_busy = task != NULL;
        if (!task) {
            pthread_cond_wait(&checker->wake, &checker->lock);
            continue;
        }
        pthread_mutex_unlock(&checker->lock);
        check(checker, task);
        pthread_mutex_lock(&checker->lock);
        line_add(&checker->answers, task);
        while (write(checker->fd, &one, sizeof(one)) < 0 && errno == EINTR)
            continue;
    }
    checker->is_busy = false;
    pthread_mutex_unlock(&checker->lock);
    return NULL;
}

/* Signals belong to the loop. */
static bool start_thread(struct checker *checker, struct err *err)
{
    sigset_t all, before;
    int error;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    error = pthread_create(&checker->thread, NULL, run_checker, checker);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    errno = error;
    checker->is_running = error == 0;
    return error == 0 || err_set(err, "cannot start the thread that checks policies: %m");
}

struct checker *checker_new(const struct settings *settings, struct err *err)
{
    struct checker *checker = xcalloc(1, sizeof(*checker));
    struct metadata_places places = {.ocf_root = settings->ocf_root,
                                     .fence = settings->fence_agents,
                                     .cache = settings->cache,
                                     .timeout_ms = AGENT_MS,
                                     .patience_ms = AGENTS_MS};

    pthread_mutex_init(&checker->lock, NULL);
    pthread_cond_init(&checker->wake, NULL);
    checker->tasks.last = &checker->tasks.first;
    checker->answers.last = &checker->answers.first;
    checker->metadata = metadata_new(&places);
    checker->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK | EFD_SEMAPHORE);
    if (checker->fd < 0)
        err_set(err, "cannot make an eventfd: %m");
    else if (start_thread(checker, err))
        return checker;
    checker_free(checker);
    return NULL;
}

/* true: the thread has ended. One that waits for an agent is left behind, with all it uses. */
static bool end_thread(struct checker *checker)
{
    bool is_busy;

    if (!checker->is_running)
        return true;
    pthread_mutex_lock(&checker->lock);
    checker->is_closing = true;
    is_busy = checker->is_busy;
    pthread_cond_signal(&checker->wake);
    pthread_mutex_unlock(&checker->lock);
    if (is_busy)
        pthread_detach(checker->thread);
    else
        pthread_join(checker->thread, NULL);
    return !is_busy;
}

void checker_free(struct checker *checker)
{
    struct task *task;

    if (!checker || !end_thread(checker))
        return;
    while ((task = line_take(&checker->tasks)) || (task = line_take(&checker->answers)))
        task_free(task);
    metadata_free(checker->metadata);
    if (checker->fd >= 0)
        close(checker->fd);
    pthread_cond_destroy(&checker->wake);
    pthread_mutex_destroy(&checker->lock);
    free(checker);
}

int checker_fd(const struct checker *checker)
{
    return checker->fd;
}

void checker_ask(struct checker *checker, uint64_t number, const struct examination *examination)
{
    struct task *task = xcalloc(1, sizeof(*task));

    task->number = number;
    text_copy(task->node, sizeof(task->node), examination->node);
    task->file = xstrdup(examination->file);
    task->text = xstrdup(examination->text);
    task->known = json_deep_copy(examination->known);
    pthread_mutex_lock(&checker->lock);
    line_add(&checker->tasks, task);
    checker->is_busy = true;
    pthread_cond_signal(&checker->wake);
    pthread_mutex_unlock(&checker->lock);
}

bool checker_take(struct checker *checker, uint64_t *number, struct checked *checked)
{
    struct task *task;
    uint64_t one;

    /* A semaphore: the descriptor stays readable while there are more. */
    if (read(checker->fd, &one, sizeof(one)) < 0)
        return false;
    pthread_mutex_lock(&checker->lock);
    task = line_take(&checker->answers);
    pthread_mutex_unlock(&checker->lock);
    if (!task)
        return false;
    *number = task->number;
    *checked = task->checked;
    task->checked = (struct checked){0};
    task_free(task);
    return true;
}
