/* SPDX-License-Identifier: GPL-3.0-or-later */
/* "ha why" and "ha why-not" for people: how it is now, what led to it, and what would come next. */
#pragma once

#include <jansson.h>
#include <stdint.h>
#include <stdio.h>

/* earlier: decisions before this story that were left out. */
void story_why(FILE *out, const json_t *rows, int64_t earlier, int64_t now_ms);
void story_why_not(FILE *out, const json_t *rows, int64_t now_ms);
