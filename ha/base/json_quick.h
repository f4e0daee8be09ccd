/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What nearly all JSON of ours is made of, read and written without a detour for each character:
 * policies are long texts. What is anything else is left to jansson, errors and their words, too.
 */
#pragma once

#include <jansson.h>
#include <stddef.h>

/* NULL: not valid, or nothing that is read here. */
json_t *json_quick_read(const char *text, size_t length);
/* The same bytes that json_dumps writes, compact and sorted; NULL: something that is not for us. */
char *json_quick_write(const json_t *value);
