/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Where the hands are tested: a directory of its own, a real sd-event loop,
 * and small shell scripts as agents of the provider "test".
 */
#pragma once

#include <stdbool.h>
#include <systemd/sd-event.h>

#include "agentd/settings.h"

/* How long a test waits for what has to happen: as long as a busy machine may need. */
#define STAGE_PATIENCE_MS 30000

/* A script that ends when twenty like it run in the same directory. */
#define STAGE_MEET_ALL "touch here.$$; while set -- here.*; [ $# -lt 20 ]; do sleep 0.05; done"

struct stage {
    char directory[64];
    sd_event *loop;
    struct settings settings; /* ocf_root and run are below the directory */
};

void stage_open(struct stage *stage);
/* Removes the directory with all that is in it. */
void stage_close(struct stage *stage);

/* A path below the directory; valid for eight more calls. */
const char *stage_path(const struct stage *stage, const char *name);
/* The agent test:NAME; "$0.NAME" is a good place for what it remembers. */
void stage_agent(const struct stage *stage, const char *name, const char *script);
void stage_write(const struct stage *stage, const char *name, const char *text, unsigned mode);
/* "" if there is no such file; valid until the next call. */
const char *stage_read(const struct stage *stage, const char *name);
bool stage_has(const struct stage *stage, const char *name);
/* The number in a file that a child writes; waits for it. */
int stage_read_pid(const struct stage *stage, const char *name);

/* Runs the loop until *count reaches wanted; false if all patience is over. */
bool stage_run(const struct stage *stage, const int *count, int wanted);
/* For what must not happen, or has no other sign. */
void stage_run_for(const struct stage *stage, int ms);
long stage_clock_ms(void);
/* Has it gone, or is it a zombie? Waits for it. */
bool process_is_gone(int pid);
