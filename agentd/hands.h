/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * This node's hands: runs the jobs that the player (lrm) asks for, and keeps a
 * record on disk (settings.run) of each service that may be running here, with
 * the definition it was started with. So the agent that comes after a crash of
 * this one finds what runs, and a service that left the policy is still
 * stopped with the parameters it was started with.
 */
#pragma once

#include <systemd/sd-event.h>

#include "agentd/settings.h"
#include "ha/decide/lrm.h"
#include "ha/model/policy.h"

struct hands;

/*
 * name: the policy may have changed since the job began; do not trust the ids in end->job.
 * With end->job.service SERVICE_NONE it is the stop of an orphan, which lrm did not ask for.
 */
typedef void hands_ended(void *context, const char *name, const struct job_end *end);

/*
 * Reads the records; jobs that a dead agent left under way are killed, group and
 * all, and their services count as perhaps running. node: our own name.
 */
struct hands *hands_new(sd_event *loop, const struct settings *settings, const char *node,
                        hands_ended *ended, void *context, struct err *err);
/* Services go on running; jobs under way are killed. Not from within ended. */
void hands_free(struct hands *hands);

/*
 * Begins a job; its end is always told, even when it could not begin, and never from in here. A
 * start writes the record first (fsync is not needed: a boot clears it); stop and monitor use the
 * definition of the record where there is one. While another job of the same service is under way,
 * an orphan's stop perhaps, it waits; its time limit counts from its beginning.
 */
void hands_run(struct hands *hands, const struct service_policy *service, const struct job *job);

/* What may be running here by the records: called for each; cause: of the start. */
void hands_each(struct hands *hands, void (*each)(void *context, const char *name, uint64_t cause),
                void *context);
/*
 * Stops what has a record and is not in the policy (NULL: there is none), and goes on trying every
 * 10 s; call it after each change of policy and whenever may_act changes.
 * Returns how many of those there still are.
 */
int hands_stop_orphans(struct hands *hands, const struct policy *policy, bool may_act);
/* Is there a record, i.e. may it be running here? */
bool hands_has(const struct hands *hands, const char *name);
