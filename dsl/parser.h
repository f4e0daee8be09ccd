/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Text to tree. It never fails: what cannot be read is reported, once a slip, and kept in
 * the tree as a broken statement; reading goes on with the next one.
 */
#pragma once

#include "dsl/syntax.h"

/* Reads the diagnostics' text; the tree lives in their arena. */
struct tree parser_run(struct diagnostics *diagnostics);
/* The same for a drill in a file of its own. */
struct tree parser_run_drill(struct diagnostics *diagnostics);
/* The block of a statement that has one, as its bit, or 0; and "a service", "a quorum block". */
unsigned parser_block_of(enum syntax_kind kind);
const char *parser_block_title(unsigned block);
