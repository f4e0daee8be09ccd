/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What the tests of the language share: compiling a text in one call, and a policy as
 * text, so that two policies can be compared.
 */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "dsl/policy_text.h"

struct compiled {
    struct arena *arena;
    struct policy *policy;
    struct diagnostics *diagnostics;
    bool is_right;
};

struct compiled compile_text(const char *text);
struct compiled compile_bytes(const char *text, size_t length);
void compiled_free(struct compiled *compiled);
/* The only diagnostic there is, with this code; the test fails if there are others. */
const struct diagnostic *only_diagnostic(const struct compiled *compiled, const char *code);
/* Everything the policy says but the line numbers, which a new layout may change. */
char *policy_as_text(struct arena *arena, const struct policy *policy);

#define THREE_NODES                                                                                \
    "cluster home\n"                                                                               \
    "node alpha { address 10.0.0.1 }\n"                                                            \
    "node beta { address 10.0.0.2 }\n"                                                             \
    "node gamma { address 10.0.0.3 }\n"
