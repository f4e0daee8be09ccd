/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Values as other programs write them, in this language: what a hint can offer to put there. */
#pragma once

#include "ha/base/arena.h"

/* "30sec", "1.5s", "1h30m" as "30s", "1500ms", "90m"; NULL: nobody can say. */
const char *meant_duration(struct arena *arena, const char *word);
/* "4GiB", "4g", "1.5G" as "4G", "4G", "1536M" */
const char *meant_size(struct arena *arena, const char *word);
/* "+3", "three", "never" as "3", "3", "0" */
const char *meant_count(struct arena *arena, const char *word);
/* "[fd00::1]", "10.77.0.1:5405" without what is too much */
const char *meant_address(struct arena *arena, const char *word);
/* "ocf:heartbeat:nginx", "heartbeat/nginx", a path: "heartbeat:nginx" */
const char *meant_agent(struct arena *arena, const char *word);
/* "OCF:web", "ocf/web", "ocf::web" as "ocf:web" */
const char *meant_service(struct arena *arena, const char *word);
/* "ocf:db[1-3]" as "ocf:db[1..3]" */
const char *meant_range(struct arena *arena, const char *word);
