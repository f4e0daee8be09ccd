/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The one clock of this room: it goes on while the machine sleeps and nobody
 * can set it. Every process of a machine reads the same.
 */
#pragma once

#include "ha/base/instant.h"

#include <time.h>

static inline struct instant boottime_now(void)
{
    struct timespec now;

    clock_gettime(CLOCK_BOOTTIME, &now);
    return (struct instant){(int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000};
}
