/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What this node keeps on disk of a service that may be running here: one JSON
 * file a service, "ocf%3Aweb" for ocf:web, in a directory that a boot clears.
 * It outlives the agent that wrote it; the next one finds by it what runs, with
 * which definition, and which job was under way.
 */
#pragma once

#include "agentd/resource.h"

/* A child process, so that no other one of the same number is taken for it. */
struct record_job {
    enum job_kind kind;
    int pid;          /* 0: no job is under way */
    uint64_t started; /* field 22 of /proc/PID/stat */
};

struct record {
    char name[SERVICE_NAME_MAX];
    uint64_t cause;      /* of its start; 0: not known */
    struct arena *arena; /* of the definition; NULL: it is not known what this is */
    struct resource definition;
    struct record_job job;
};

/* Makes the directory, for root's eyes only: settings may hold passwords. */
bool record_directory_make(const char *directory, struct err *err);
bool record_save(const char *directory, const struct record *record, struct err *err);
bool record_delete(const char *directory, const char *name, struct err *err);
/* The definition, owned by the record; what it had before is freed. */
void record_define(struct record *record, const struct resource *resource);
void record_fini(struct record *record);

/*
 * Reads every record; take owns what it is given. A file that is no record is put aside
 * ("NAME~unreadable") with an error in the log; if its name is one of a service, a record without
 * a definition takes its place: that service may be running.
 */
bool record_load_all(const char *directory, const char *node,
                     void (*take)(void *context, const struct record *record), void *context,
                     struct err *err);

/* When this process began; 0: there is none, or it has ended and only its number is left. */
uint64_t process_started(int pid);
/* Kills the job with all its group, if it is still the same process, and sees it go. */
void record_job_kill(const struct record_job *job, const char *name);
