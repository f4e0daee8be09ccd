/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The flight recorder; see recorder.h. The loop's side makes lines and says when a file is full;
 * the writer's side, a thread, owns the file. They share the queue, under the lock.
 */
#include "agentd/recorder.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ha/base/arena.h"
#include "ha/base/json.h"
#include "ha/base/log.h"
#include "ha/base/version.h"

/* How much of a file's end is looked at in one go for its last whole line. */
#define TAIL_BYTES 65536

struct entry {
    struct entry *next;
    bool is_full;  /* it stands by itself */
    bool is_first; /* of a new file */
    size_t length;
    char *text;
};

struct recorder {
    char *path, *old_path;
    size_t bytes_max;

    /* The loop's. */
    struct record_writer *writer;
    uint64_t policy_version; /* the last one written */
    size_t file_bytes;       /* of the present file, what is queued included */
    size_t full_bytes;       /* of the last full step and all that goes before it */
    struct instant retry_at;

    /* The writer's. */
    pthread_t thread;
    int fd;
    bool was_told;   /* that it cannot be written */
    bool needs_full; /* what goes on from a lost line means nothing */

    pthread_mutex_t lock;
    pthread_cond_t wake;
    struct entry *first, **last;
    size_t queued_bytes;
    bool is_closing;
    bool has_lost; /* something: a full step is due, a while from now */
};

/* ---- the writer ------------------------------------------------------------------------------ */

/* A line that a crash cut off must not grow together with the next one. */
static bool cut_torn_line(int fd)
{
    static char bytes[TAIL_BYTES];
    struct stat status;
    off_t end;

    if (fstat(fd, &status) != 0)
        return false;
    for (end = status.st_size; end > 0;) {
        off_t from = end > TAIL_BYTES ? end - TAIL_BYTES : 0;
        ssize_t count = pread(fd, bytes, (size_t)(end - from), from);
        const char *newline;

        if (count != (ssize_t)(end - from))
            return false;
        newline = memrchr(bytes, '\n', (size_t)count);
        end = newline ? from + (newline - bytes) + 1 : from;
        if (newline)
            break;
    }
    return end == status.st_size || ftruncate(fd, end) == 0;
}

static bool open_file(struct recorder *recorder)
{
    if (recorder->fd >= 0)
        return true;
    recorder->fd = open(recorder->path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    return recorder->fd >= 0 && cut_torn_line(recorder->fd);
}

static bool write_all(int fd, const char *text, size_t length)
{
    while (length > 0) {
        ssize_t count = write(fd, text, length);

        if (count < 0 && errno != EINTR)
            return false;
        if (count > 0) {
            text += count;
            length -= (size_t)count;
        }
    }
    return true;
}

static void close_file(struct recorder *recorder)
{
    if (recorder->fd >= 0)
        close(recorder->fd);
    recorder->fd = -1;
}

static bool write_entry(struct recorder *recorder, const struct entry *entry)
{
    if (recorder->needs_full && !entry->is_full)
        return true;
    if (entry->is_first) {
        close_file(recorder);
        if (rename(recorder->path, recorder->old_path) != 0 && errno != ENOENT)
            return false;
    }
    return open_file(recorder) && write_all(recorder->fd, entry->text, entry->length);
}

static struct entry *wait_for_entries(struct recorder *recorder)
{
    struct entry *entries;

    pthread_mutex_lock(&recorder->lock);
    while (!recorder->first && !recorder->is_closing)
        pthread_cond_wait(&recorder->wake, &recorder->lock);
    entries = recorder->first;
    recorder->first = NULL;
    recorder->last = &recorder->first;
    pthread_mutex_unlock(&recorder->lock);
    return entries;
}

static void tell(struct recorder *recorder, size_t bytes, bool has_failed)
{
    pthread_mutex_lock(&recorder->lock);
    recorder->queued_bytes -= bytes;
    recorder->has_lost = recorder->has_lost || has_failed;
    pthread_mutex_unlock(&recorder->lock);
}

static void take_entry(struct recorder *recorder, struct entry *entry)
{
    bool is_written = write_entry(recorder, entry);

    if (!is_written && !recorder->was_told)
        log_warning("the flight record %s cannot be written and has a gap: %s", recorder->path,
                    strerror(errno));
    if (!is_written)
        close_file(recorder);
    if (!is_written || entry->is_full)
        recorder->was_told = recorder->needs_full = !is_written;
    tell(recorder, entry->length, !is_written);
    free(entry->text);
    free(entry);
}

static void *run_writer(void *argument)
{
    struct recorder *recorder = argument;
    struct entry *entries;

    while ((entries = wait_for_entries(recorder))) {
        while (entries) {
            struct entry *next = entries->next;

            take_entry(recorder, entries);
            entries = next;
        }
    }
    close_file(recorder);
    return NULL;
}

/* ---- the loop -------------------------------------------------------------------------------- */

struct recorder *recorder_new(const char *path, size_t bytes_max)
{
    struct recorder *recorder = xcalloc(1, sizeof(*recorder));
    sigset_t all, before;
    struct stat status;

    recorder->path = xstrdup(path);
    recorder->old_path = xcalloc(1, strlen(path) + sizeof(".old"));
    snprintf(recorder->old_path, strlen(path) + sizeof(".old"), "%s.old", path);
    recorder->bytes_max = bytes_max;
    recorder->writer = record_writer_new();
    recorder->file_bytes = stat(path, &status) == 0 ? (size_t)status.st_size : 0;
    recorder->fd = -1;
    recorder->last = &recorder->first;
    pthread_mutex_init(&recorder->lock, NULL);
    pthread_cond_init(&recorder->wake, NULL);
    /* Signals are the loop's. */
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    if (pthread_create(&recorder->thread, NULL, run_writer, recorder) != 0)
        abort();
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return recorder;
}

void recorder_free(struct recorder *recorder)
{
    if (!recorder)
        return;
    pthread_mutex_lock(&recorder->lock);
    recorder->is_closing = true;
    pthread_cond_signal(&recorder->wake);
    pthread_mutex_unlock(&recorder->lock);
    pthread_join(recorder->thread, NULL);
    pthread_cond_destroy(&recorder->wake);
    pthread_mutex_destroy(&recorder->lock);
    record_writer_free(recorder->writer);
    free(recorder->path);
    free(recorder->old_path);
    free(recorder);
}

void recorder_settle(struct recorder *recorder)
{
    size_t bytes;

    do {
        pthread_mutex_lock(&recorder->lock);
        bytes = recorder->queued_bytes;
        pthread_mutex_unlock(&recorder->lock);
        if (bytes)
            usleep(1000);
    } while (bytes);
}

/* Takes the text; false: the disk does not keep up, and it is gone. */
static bool queue(struct recorder *recorder, char *text, bool is_full, bool is_first)
{
    struct entry *entry = xcalloc(1, sizeof(*entry));
    size_t length = strlen(text);
    bool fits;

    *entry =
        (struct entry){.is_full = is_full, .is_first = is_first, .length = length, .text = text};
    pthread_mutex_lock(&recorder->lock);
    fits = recorder->queued_bytes + length <= FLIGHT_QUEUE_MAX || !recorder->first;
    if (fits) {
        *recorder->last = entry;
        recorder->last = &entry->next;
        recorder->queued_bytes += length;
        pthread_cond_signal(&recorder->wake);
    }
    pthread_mutex_unlock(&recorder->lock);
    /* What fits is the writer's from here on. */
    if (fits) {
        recorder->file_bytes = (is_first ? 0 : recorder->file_bytes) + length;
        return true;
    }
    free(text);
    free(entry);
    return false;
}

/* The lines of several values, as one text. */
static char *lines_of(json_t *const *values, int n_values)
{
    char *text = xstrdup("");
    size_t length = 0;

    for (int i = 0; i < n_values; i++) {
        char *line = json_write(values[i]);
        size_t more = strlen(line);

        text = xrealloc(text, length + more + 2);
        memcpy(text + length, line, more);
        memcpy(text + length + more, "\n", 2);
        length += more + 1;
        free(line);
    }
    return text;
}

static bool take_lost(struct recorder *recorder)
{
    bool has_lost;

    pthread_mutex_lock(&recorder->lock);
    has_lost = recorder->has_lost;
    recorder->has_lost = false;
    pthread_mutex_unlock(&recorder->lock);
    return has_lost;
}

static void give_up_for_a_while(struct recorder *recorder, struct instant now)
{
    recorder->retry_at = instant_after(now, duration_ms(FLIGHT_RETRY_MS));
    recorder->policy_version = 0;
}

static bool is_file_full(const struct recorder *recorder)
{
    return recorder->file_bytes > recorder->bytes_max &&
           recorder->file_bytes > 4 * recorder->full_bytes;
}

/* Everything anew: whoever has only what follows understands it. */
static void write_full(struct recorder *recorder, const struct flight *flight,
                       const struct record_step *step)
{
    bool is_first = is_file_full(recorder);
    json_t *values[3];
    char *text;

    record_writer_restart(recorder->writer);
    values[0] = record_begin(TENUTO_VERSION, flight->node);
    values[1] = record_policy(flight->policy_version, flight->policy_text);
    values[2] = record_writer_step(recorder->writer, step);
    text = lines_of(values, 3);
    for (int i = 0; i < 3; i++)
        json_decref(values[i]);
    recorder->policy_version = flight->policy_version;
    recorder->full_bytes = strlen(text);
    if (!queue(recorder, text, true, is_first))
        give_up_for_a_while(recorder, step->view->now);
}

void recorder_step(struct recorder *recorder, const struct flight *flight,
                   const struct record_step *step)
{
    json_t *line;

    if (take_lost(recorder))
        give_up_for_a_while(recorder, step->view->now);
    if (instant_before(step->view->now, recorder->retry_at))
        return;
    if (recorder->policy_version != flight->policy_version || is_file_full(recorder)) {
        write_full(recorder, flight, step);
        return;
    }
    line = record_writer_step(recorder->writer, step);
    if (line && !queue(recorder, lines_of(&line, 1), false, false))
        give_up_for_a_while(recorder, step->view->now);
    json_decref(line);
}
