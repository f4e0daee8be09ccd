/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What went wrong, in words for the operator: what we tried, on what, why it
 * failed, and where it helps what to do. Functions that can fail return false
 * and fill the err given last; on success they leave it alone.
 */
#pragma once

#include <stdbool.h>

struct err {
    char text[512];
};

/* Sets the words; "%m" is errno's. Always returns false, to be returned. err may be NULL. */
bool err_set(struct err *err, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Puts "where: " before the words that are there already. Always returns false. */
bool err_in(struct err *err, const char *format, ...) __attribute__((format(printf, 2, 3)));
