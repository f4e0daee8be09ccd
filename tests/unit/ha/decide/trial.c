/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The room of the tests of explanations; see trial.h. */
#include "tests/unit/ha/decide/trial.h"

#include "ha/base/arena.h"

void trial_begin(struct trial *trial, struct scene *scene)
{
    trial->view = scene->view;
    trial->outcome.changes = trial->changes;
    trial->outcome.changes_max = (int)(sizeof(trial->changes) / sizeof(trial->changes[0]));
    trial->world = (struct why_world){
        .policy = &scene->policy,
        .agreed = &scene->state,
        .view = &trial->view,
        .scratch = &trial->scratch,
        .outcome = &trial->outcome,
    };
}

struct trial *trial_of(struct scene *scene)
{
    struct trial *trial = xcalloc(1, sizeof(*trial));

    trial_begin(trial, scene);
    return trial;
}

struct trial *explained(struct scene *scene, service_id service)
{
    struct trial *trial = trial_of(scene);

    why_explain(&trial->world, service, &trial->why);
    return trial;
}
