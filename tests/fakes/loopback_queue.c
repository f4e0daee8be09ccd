/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Growing lists of the loopback: the logs of its rings and the inboxes of its agents. */
#include <stdlib.h>
#include <string.h>

#include "ha/base/arena.h"
#include "tests/fakes/loopback_internal.h"

void loopback_log_clear(struct log *log)
{
    for (size_t i = 0; i < log->n; i++)
        free(log->entries[i].bytes);
    free(log->entries);
    memset(log, 0, sizeof(*log));
}

void loopback_inbox_clear(struct inbox *inbox)
{
    for (size_t i = inbox->at; i < inbox->n; i++)
        free(inbox->calls[i].bytes);
    free(inbox->calls);
    memset(inbox, 0, sizeof(*inbox));
}

void *loopback_copy(const void *bytes, size_t length)
{
    void *copy = xcalloc(1, length + 1);

    memcpy(copy, bytes, length);
    return copy;
}

struct entry *loopback_log_add(struct log *log, const struct entry *entry)
{
    if (log->n == log->size) {
        log->size = log->size ? 2 * log->size : 64;
        log->entries = xrealloc(log->entries, log->size * sizeof(*log->entries));
    }
    log->entries[log->n] = *entry;
    return &log->entries[log->n++];
}

struct call *loopback_inbox_add(struct node *node, enum call_kind kind)
{
    struct inbox *inbox = &node->inbox;

    if (inbox->n == inbox->size) {
        inbox->size = inbox->size ? 2 * inbox->size : 16;
        inbox->calls = xrealloc(inbox->calls, inbox->size * sizeof(*inbox->calls));
    }
    memset(&inbox->calls[inbox->n], 0, sizeof(struct call));
    inbox->calls[inbox->n].kind = kind;
    return &inbox->calls[inbox->n++];
}
