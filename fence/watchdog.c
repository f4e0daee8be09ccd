/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Which watchdog a path means. */
#include "fence/watchdog.h"

#include <string.h>

const struct watchdog_maker *watchdog_maker_of(const char *path)
{
    if (strncmp(path, "unix:/", strlen("unix:/")) == 0)
        return &watchdog_socket;
    return path[0] == '/' ? &watchdog_device : NULL;
}
