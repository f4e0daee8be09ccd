/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The one true layout. It moves blanks and line ends, nothing else: the tokens that mean
 * something are the same and in the same order, and every comment stays with its line.
 */
#pragma once

#include "dsl/syntax.h"

/* Of a tree without broken statements; NUL-terminated, in the tree's arena. */
char *format_run(const struct tree *tree);
