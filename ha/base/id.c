/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a name of a node or service may look like; see id.h. */
#include "ha/base/id.h"

#include <stddef.h>
#include <string.h>

#include "ha/base/limits.h"

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_name_byte(char c)
{
    return is_letter(c) || is_digit(c) || c == '-' || c == '_' || c == '.';
}

bool node_name_is_valid(const char *name)
{
    size_t length = strlen(name);

    if (length == 0 || length >= NODE_NAME_MAX || !is_letter(name[0]))
        return false;
    for (size_t i = 0; i < length; i++) {
        if (!is_name_byte(name[i]))
            return false;
    }
    return true;
}

bool service_name_is_valid(const char *name)
{
    const char *colon = strchr(name, ':');

    if (!colon || colon == name || colon[1] == '\0' || strlen(name) >= SERVICE_NAME_MAX)
        return false;
    for (const char *at = name; at < colon; at++) {
        if (*at < 'a' || *at > 'z')
            return false;
    }
    if (!is_letter(colon[1]) && !is_digit(colon[1]))
        return false;
    for (const char *at = colon + 1; *at; at++) {
        if (!is_name_byte(*at))
            return false;
    }
    return true;
}
