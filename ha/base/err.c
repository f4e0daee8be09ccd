/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Words for what went wrong; see err.h. */
#include "ha/base/err.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "ha/base/text.h"

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
    struct err before;
    va_list args;
    size_t length;

    if (!err)
        return false;
    before = *err;
    va_start(args, format);
    vsnprintf(err->text, sizeof(err->text) - 3, format, args);
    va_end(args);
    length = strlen(err->text);
    memcpy(err->text + length, ": ", 3);
    /* The innermost words are the ones to lose when there is no room. */
    text_copy(err->text + length + 2, sizeof(err->text) - length - 2, before.text);
    return false;
}
