/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What the targets share: texts that end where their memory ends, what must hold for every list
 * of diagnostics, and which language a target reads, so that the mutator can write it.
 */
#pragma once

#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "dsl/policy_text.h"
#include "dsl/resolve.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);

/*
 * What a target reads there: IN_POLICY or IN_DRILL_FILE, and where it begins (behind a line that
 * says what is done with the text, or at once); 0 where these bytes are not of the language.
 */
unsigned fuzz_language(const uint8_t *bytes, size_t length, size_t *at);

/* A copy without a NUL behind it, so that reading over the end is seen; free() takes it back. */
static inline char *fuzz_copy(const uint8_t *bytes, size_t length)
{
    return memcpy(malloc(length ? length : 1), bytes, length);
}

/* Every place is one of the text, counted anew; what is said can be shown; the sums are right. */
void fuzz_check_diagnostics(const struct diagnostics *diagnostics);

/* A policy with all that was found out on the way. */
struct fuzz_reading {
    struct resolution *resolution;
    const struct policy *policy;
    struct diagnostics *diagnostics;
    bool is_right;
};
struct fuzz_reading fuzz_read(struct arena *arena, const char *text, size_t length);
/* What a policy means, as far as it is right; NULL if it is not. */
char *fuzz_meaning(struct arena *arena, const struct fuzz_reading *reading);
/* Comments, their blanks at the end cut off, one a line, in the order of the text. */
char *fuzz_comments(struct arena *arena, const struct tree *tree);
