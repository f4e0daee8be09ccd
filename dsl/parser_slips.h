/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What to say about slips of grammar, so that whoever made one knows what to write instead. */
#pragma once

#include "dsl/cursor.h"

/*
 * The statement was complete, and something follows it; block is where the statement stands,
 * begins_another: what follows is how a statement of that block begins.
 */
void slip_too_much(struct cursor *c, const struct syntax *node, unsigned block,
                   bool begins_another);
/* No statement can begin with this, for it is no word. */
void slip_no_word(struct cursor *c, unsigned block, bool is_whole);
/*
 * The settings of a block whose head is missing, or whose "}" came too early, below the first of
 * them, which was told of: all of them are passed over, and their "}".
 */
void slip_headless(struct cursor *c);
