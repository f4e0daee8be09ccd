/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The agents of this machine, as a catalog: which there are, and what each says of itself when
 * it is asked ("IPaddr2 meta-data", "fence_ipmilan -o metadata"). Asking runs programs and takes
 * as long as they do, so this is nothing for a loop that must not wait.
 */
#pragma once

#include "dsl/catalog.h"

struct metadata_places {
    const char *ocf_root; /* /usr/lib/ocf */
    const char *fence;    /* where the fence agents are: /usr/sbin */
    const char *cache;    /* a folder that is ours; "": nothing is kept */
    int timeout_ms;       /* how long one agent may take to answer */
    int patience_ms;      /* how long all that are asked at once may take */
};

/* Strings are copied. Nothing is looked at before the catalog is asked. */
struct metadata *metadata_new(const struct metadata_places *places);
void metadata_free(struct metadata *metadata);
const struct catalog *metadata_catalog(struct metadata *metadata);
