/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Bytes as letters that survive a terminal, a mail and JSON: RFC 4648, with padding. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/* NUL-terminated; the caller frees it. */
char *base64_write(const void *bytes, size_t length);
/* The caller frees it; NULL: these are no such letters. One byte more is there, a NUL. */
unsigned char *base64_read(const char *letters, size_t *length);
