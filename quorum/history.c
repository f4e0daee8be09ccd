/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A queue of questions, a thread that reads, a queue of answers; see history.h. */
#include "quorum/history.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "ha/base/arena.h"
#include "quorum/store_requests.h"
#include "quorum/store_tables.h"

struct asked {
    struct asked *next;
    struct question question;
    history_answer *answer;
    void *context;
    json_t *value;
    struct err err;
};

struct asked_line {
    struct asked *first, **last;
};

struct history {
    sqlite3 *db;
    int fd;
    pthread_t reader;
    bool is_reading;
    pthread_mutex_t lock;
    pthread_cond_t wake;
    struct asked_line questions, answers;
    bool is_closing;
};

static void line_add(struct asked_line *line, struct asked *asked)
{
    asked->next = NULL;
    *line->last = asked;
    line->last = &asked->next;
}

static struct asked *line_take(struct asked_line *line)
{
    struct asked *asked = line->first;

    if (!asked)
        return NULL;
    line->first = asked->next;
    if (!line->first)
        line->last = &line->first;
    return asked;
}

static void asked_free(struct asked *asked)
{
    json_decref(asked->value);
    free(asked);
}

static json_t *read_value(sqlite3 *db, const struct question *question, struct err *err)
{
    struct past past = {.after = question->after,
                        .subject = question->subject[0] ? question->subject : NULL,
                        .limit = question->limit,
                        .from_ms = question->from_ms,
                        .until_ms = question->until_ms};

    switch (question->kind) {
    case QUESTION_PATCHES: return tables_past(db, &past, err);
    case QUESTION_POLICY: return tables_policy(db, question->version, err);
    case QUESTION_POLICIES: return tables_policies(db, question->version, question->limit, err);
    case QUESTION_REQUESTS: return requests_between(db, &past, err);
    case QUESTION_REQUEST_MARKS: return requests_marks(db, question->from_ms, err);
    case QUESTION_REQUEST_ROWS: return requests_of_span(db, question->span, &past, err);
    }
    return NULL;
}

static void *run_reader(void *argument)
{
    struct history *history = argument;

    pthread_mutex_lock(&history->lock);
    while (!history->is_closing) {
        struct asked *asked = line_take(&history->questions);
        uint64_t one = 1;

        if (!asked) {
            pthread_cond_wait(&history->wake, &history->lock);
            continue;
        }
        pthread_mutex_unlock(&history->lock);
        asked->value = read_value(history->db, &asked->question, &asked->err);
        pthread_mutex_lock(&history->lock);
        line_add(&history->answers, asked);
        while (write(history->fd, &one, sizeof(one)) < 0 && errno == EINTR)
            continue;
    }
    pthread_mutex_unlock(&history->lock);
    return NULL;
}

/* Signals belong to the loop. */
static bool start_reader(struct history *history, struct err *err)
{
    sigset_t all, before;
    int error;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    error = pthread_create(&history->reader, NULL, run_reader, history);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    errno = error;
    history->is_reading = error == 0;
    return error == 0 || err_set(err, "cannot start the history's thread: %m");
}

struct history *history_open(const char *path, struct err *err)
{
    struct history *history = xcalloc(1, sizeof(*history));

    pthread_mutex_init(&history->lock, NULL);
    pthread_cond_init(&history->wake, NULL);
    history->questions.last = &history->questions.first;
    history->answers.last = &history->answers.first;
    history->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK | EFD_SEMAPHORE);
    history->db = history->fd < 0 ? NULL : tables_open(path, err);
    if (history->fd < 0)
        err_set(err, "cannot make an eventfd: %m");
    else if (history->db && start_reader(history, err))
        return history;
    history_close(history);
    return NULL;
}

void history_close(struct history *history)
{
    struct asked *asked;

    if (!history)
        return;
    if (history->is_reading) {
        pthread_mutex_lock(&history->lock);
        history->is_closing = true;
        pthread_cond_signal(&history->wake);
        pthread_mutex_unlock(&history->lock);
        pthread_join(history->reader, NULL);
    }
    while ((asked = line_take(&history->questions)) || (asked = line_take(&history->answers)))
        asked_free(asked);
    tables_close(history->db);
    if (history->fd >= 0)
        close(history->fd);
    pthread_cond_destroy(&history->wake);
    pthread_mutex_destroy(&history->lock);
    free(history);
}

int history_fd(const struct history *history)
{
    return history->fd;
}

void history_ask(struct history *history, const struct question *question, history_answer *answer,
                 void *context)
{
    struct asked *asked = xcalloc(1, sizeof(*asked));

    asked->question = *question;
    asked->answer = answer;
    asked->context = context;
    pthread_mutex_lock(&history->lock);
    line_add(&history->questions, asked);
    pthread_cond_signal(&history->wake);
    pthread_mutex_unlock(&history->lock);
}

void history_answers(struct history *history)
{
    struct asked *asked;
    uint64_t one;

    /* A semaphore: the descriptor stays readable while there are more. */
    if (read(history->fd, &one, sizeof(one)) < 0)
        return;
    pthread_mutex_lock(&history->lock);
    asked = line_take(&history->answers);
    pthread_mutex_unlock(&history->lock);
    if (!asked)
        return;
    asked->answer(asked->context, &asked->question, asked->value, &asked->err);
    asked_free(asked);
}
