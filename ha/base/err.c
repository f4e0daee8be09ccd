/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Words for what went wrong; see err.h. */
#include "ha/base/err.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

bool err_set(struct err *err, const char *format, ...)
{
    va_list args;

    if (!err)
        return false;
    va_start(args, format);
    vsnprintf(err->text, sizeof(err->text), format, args);
    va_end(args);
    return false;
}

bool err_in(struct err *err, const char *format, ...)
{
    char where[256];
    char before[sizeof(err->text)];
    va_list args;

    if (!err)
        return false;
    va_start(args, format);
    vsnprintf(where, sizeof(where), format, args);
    va_end(args);
    memcpy(before, err->text, sizeof(before));
    before[sizeof(before) - sizeof(where) - 3] = '\0';
    snprintf(err->text, sizeof(err->text), "%s: %s", where, before);
    return false;
}
