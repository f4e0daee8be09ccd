/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Values of settings: words of the tree to numbers, times, addresses and strings. What
 * is no such value, or out of its range, is reported with a hint how to write it.
 */
#pragma once

#include <stdint.h>

#include "dsl/syntax.h"
#include "ha/base/instant.h"

/* The smallest and largest that make sense, and what it is called in the message. */
struct bounds {
    const char *what;
    int64_t least;
    int64_t most;
};

bool value_duration(const struct tree *tree, const struct syntax *value, struct bounds bounds,
                    struct duration *duration);
bool value_count(const struct tree *tree, const struct syntax *value, struct bounds bounds,
                 int *count);
/* The same, and a "-" may stand before it. */
bool value_integer(const struct tree *tree, const struct syntax *value, struct bounds bounds,
                   int *number);
/* Bytes; written with a unit: 512M, 4G, 1T. */
bool value_size(const struct tree *tree, const struct syntax *value, struct bounds bounds,
                int64_t *bytes);
/* A number that may have a fraction, in thousandths or millionths; bounds are whole numbers. */
bool value_thousandths(const struct tree *tree, const struct syntax *value, struct bounds bounds,
                       int *thousandths);
bool value_millionths(const struct tree *tree, const struct syntax *value, struct bounds bounds,
                      int *millionths);
/* An IPv4 or IPv6 address in its canonical form; with has_prefix "/24" may follow it. */
const char *value_address(const struct tree *tree, const struct syntax *value, bool has_prefix);
/* The text of a word or string; escapes are resolved, $name and $type stay. */
const char *value_string(const struct tree *tree, const struct syntax *value);
/* Reports every "$" that stands for nothing. */
bool value_check_dollars(const struct tree *tree, const struct syntax *value);
/* Puts a service's own name and type in; text comes from value_string. */
const char *value_fill_in(struct arena *arena, const char *text, const char *service);
