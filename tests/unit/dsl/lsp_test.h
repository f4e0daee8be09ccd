/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A client of the language server: what it is told and asked, about one text, and what comes back.
 */
#pragma once

#include <jansson.h>

#include "dsl/lsp.h"
#include "tests/unit/dsl/dsl_test.h"

#define URI "file:///home.tenuto"

extern struct lsp *lsp;
extern json_t *sent; /* what it said since it was last asked */
extern int next_id;

/* For cmocka: a server that was not greeted yet, and its end. */
int lsp_start(void **state);
int lsp_stop(void **state);

void tell(const char *method, json_t *params);
/* The answer; the reference belongs to what was sent. */
const json_t *ask(const char *method, json_t *params);
const json_t *result_of(const json_t *answer);
void assert_no_result(const json_t *answer);
const char *error_of(const json_t *answer);
void open_text(const char *words);
/* The place of the n-th byte behind the first such words. */
json_t *at(const char *words, const char *place, int behind);
/* What is wrong with the text, as it was last said. */
const json_t *published(void);
void assert_range(const json_t *range, int line, int from, int to);
/* The labels of what may stand behind the words, in a text of its own. */
const char *completions(const char *words);
