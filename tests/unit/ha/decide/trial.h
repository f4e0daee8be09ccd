/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A scene and room to try things out in, for the tests of explanations. */
#pragma once

#include "tests/unit/ha/decide/scene.h"

#include "ha/decide/why.h"

/* The scene itself is left as it is. */
struct trial {
    struct cluster_view view;
    struct ha_state scratch;
    struct outcome outcome;
    struct change changes[CHANGES_OF(SCENE_NODES_MAX, SCENE_SERVICES_MAX)];
    struct why_world world;
    struct explanation why;
    struct prospect prospect;
};

/* Into one that is there, which may have been used before: new ones cost time. */
void trial_begin(struct trial *trial, struct scene *scene);
/* Both: the caller frees. */
struct trial *trial_of(struct scene *scene);
struct trial *explained(struct scene *scene, service_id service);
