/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What corosync's libraries answer, in words; and how long we ask again. */
#pragma once

#include <corosync/corotypes.h>
#include <time.h>

/* Asked again every 10 ms: while a ring forms corosync takes nothing for about a second. */
#define CS_TRIES 300

static inline void cs_wait(void)
{
    nanosleep(&(struct timespec){.tv_nsec = 10 * 1000 * 1000}, NULL);
}

static inline const char *cs_error_words(cs_error_t error)
{
    switch (error) {
    case CS_ERR_LIBRARY: return "no connection";
    case CS_ERR_TRY_AGAIN: return "it is busy";
    case CS_ERR_ACCESS: return "access denied: run as root";
    case CS_ERR_BAD_HANDLE: return "the connection broke";
    case CS_ERR_NOT_EXIST: return "it is not there";
    case CS_ERR_NAME_TOO_LONG: return "the name is too long";
    case CS_ERR_NO_MEMORY: return "no memory";
    case CS_ERR_NO_RESOURCES: return "no resources";
    case CS_ERR_NOT_SUPPORTED: return "not supported";
    case CS_ERR_SECURITY: return "its security rules forbid it";
    case CS_ERR_INVALID_PARAM: return "invalid parameter";
    case CS_ERR_EXIST: return "it is there already";
    case CS_ERR_MESSAGE_ERROR: return "a message broke";
    case CS_ERR_INTERRUPT: return "interrupted";
    default: return "an error of its own";
    }
}
